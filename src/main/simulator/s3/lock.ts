/**
 * Object Lock: until when a version cannot be deleted (retention) and whether it can at all (legal hold).
 *
 * Nobody gets around COMPLIANCE and a legal hold; GOVERNANCE yields to whoever asks for it in the request.
 */
import { emptyReply, type Reply } from '../exchange.ts';
import { defaultUntil } from './buckets.ts';
import { badArgument, badRequest, badXml, S3Error } from './errors.ts';
import type { Bucket, ObjectRecord, Retention } from './records.ts';
import { bucketOf, type Call, objectOf, xmlBody } from './s3.ts';
import { childText, documentReply, tag } from './xml.ts';

/** The lock of a new object: as asked, or the bucket's default. @throws S3Error 400 */
export function lockOfHeaders(
  call: Call,
  bucket: Bucket,
  now: number,
): Pick<ObjectRecord, 'retention' | 'legalHold'> {
  const mode = call.header('x-amz-object-lock-mode');
  const until = call.header('x-amz-object-lock-retain-until-date');
  const hold = call.header('x-amz-object-lock-legal-hold');
  const { objectLock } = bucket.record;
  if (mode !== undefined || until !== undefined || hold !== undefined) requireLocks(bucket);
  if ((mode === undefined) !== (until === undefined))
    throw badRequest('x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied');
  const legalHold = hold === undefined ? null : readHold(hold);
  if (mode !== undefined && until !== undefined)
    return { retention: readRetention(mode, until, now), legalHold };
  const usual = objectLock?.defaultRetention ?? null;
  const retention = usual === null ? null : { mode: usual.mode, until: defaultUntil(usual, now) };
  return { retention, legalHold };
}

function requireLocks(bucket: Bucket): void {
  if (bucket.record.objectLock === null) throw badRequest('Bucket is missing Object Lock Configuration');
}

function readHold(text: string): boolean {
  if (text !== 'ON' && text !== 'OFF') throw badXml();
  return text === 'ON';
}

function readRetention(mode: string, date: string, now: number): Retention {
  const until = Date.parse(date);
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE')
    throw badArgument('Unknown wormMode directive.', 'x-amz-object-lock-mode', mode);
  if (Number.isNaN(until))
    throw badArgument(
      'The retain until date must be provided in ISO 8601 format',
      'x-amz-object-lock-retain-until-date',
      date,
    );
  if (until <= now)
    throw badArgument(
      'The retain until date must be in the future!',
      'x-amz-object-lock-retain-until-date',
      date,
    );
  return { mode, until };
}

/** @throws S3Error 403 if the version must not be deleted now */
export function checkDeletable(call: Call, object: ObjectRecord): void {
  const isRetained =
    isUnderRetention(object, call.s3.clock.serviceNow()) &&
    !(object.retention?.mode === 'GOVERNANCE' && bypasses(call));
  if (isRetained || object.legalHold === true)
    throw new S3Error(403, 'AccessDenied', 'Access Denied because object protected by object lock.');
}

function isUnderRetention({ retention }: ObjectRecord, now: number): boolean {
  return retention !== null && now < retention.until;
}

function bypasses(call: Call): boolean {
  return call.header('x-amz-bypass-governance-retention')?.toLowerCase() === 'true';
}

export function lockHeaders({ retention, legalHold }: ObjectRecord): Record<string, string> {
  return {
    ...(retention === null
      ? {}
      : {
          'x-amz-object-lock-mode': retention.mode,
          'x-amz-object-lock-retain-until-date': new Date(retention.until).toISOString(),
        }),
    ...(legalHold === null ? {} : { 'x-amz-object-lock-legal-hold': legalHold ? 'ON' : 'OFF' }),
  };
}

export function getObjectRetention(call: Call): Reply {
  requireLocks(bucketOf(call));
  const { retention } = objectOf(call);
  if (retention === null) throw noLock();
  return documentReply(
    'Retention',
    tag('Mode', retention.mode),
    tag('RetainUntilDate', new Date(retention.until).toISOString()),
  );
}

/** A retention may always be made longer; shorter, weaker or none only as far as its mode allows. */
export async function putObjectRetention(call: Call): Promise<Reply> {
  requireLocks(bucketOf(call));
  const object = objectOf(call);
  const now = call.s3.clock.serviceNow();
  const element = xmlBody(call, 'Retention');
  const mode = childText(element, 'Mode') ?? '';
  const date = childText(element, 'RetainUntilDate') ?? '';
  const next = mode === '' && date === '' ? null : readRetention(mode, date, now);
  const { retention } = object;
  if (retention !== null && isUnderRetention(object, now)) {
    const keeps = next !== null && next.until >= retention.until;
    const free =
      retention.mode === 'COMPLIANCE' ? keeps && next.mode === 'COMPLIANCE' : keeps || bypasses(call);
    if (!free)
      throw new S3Error(403, 'AccessDenied', 'Access Denied because object protected by object lock.');
  }
  await save(call, { ...object, retention: next });
  return emptyReply(200);
}

export function getObjectLegalHold(call: Call): Reply {
  requireLocks(bucketOf(call));
  const { legalHold } = objectOf(call);
  if (legalHold === null) throw noLock();
  return documentReply('LegalHold', tag('Status', legalHold ? 'ON' : 'OFF'));
}

export async function putObjectLegalHold(call: Call): Promise<Reply> {
  requireLocks(bucketOf(call));
  const object = objectOf(call);
  const status = childText(xmlBody(call, 'LegalHold'), 'Status') ?? '';
  await save(call, { ...object, legalHold: readHold(status) });
  return emptyReply(200);
}

function noLock(): S3Error {
  return new S3Error(
    404,
    'NoSuchObjectLockConfiguration',
    'The specified object does not have a ObjectLock configuration',
  );
}

async function save({ s3, bucket }: Call, version: ObjectRecord): Promise<void> {
  await s3.store.commit(s3.clock.serviceNow(), [{ put: 'version', of: bucket, version }]);
}
