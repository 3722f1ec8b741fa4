/** Buckets: made, listed, deleted, and what is set for each as a whole. */
import { emptyReply, type Reply } from '../exchange.ts';
import { badRequest, badXml, S3Error } from './errors.ts';
import { DAY, isBucketName, isoSeconds } from './identifiers.ts';
import { unstaged } from './metering.ts';
import type { BucketRecord, DefaultRetention } from './records.ts';
import { bucketOf, type Call, xmlBody } from './s3.ts';
import { child, childText, documentReply, type Element, tag, wrap } from './xml.ts';

const MOST_BUCKETS = 10_000;
const publicAccessBlocks = [
  'BlockPublicAcls',
  'IgnorePublicAcls',
  'BlockPublicPolicy',
  'RestrictPublicBuckets',
];

export async function createBucket(call: Call): Promise<Reply> {
  const { s3, bucket: name } = call;
  if (!isBucketName(name))
    throw new S3Error(400, 'InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name });
  checkLocation(call);
  const location = { Location: `/${name}` };
  if (s3.store.state.buckets.has(name)) {
    // An old promise of the first region: making a bucket again is no failure there.
    if (s3.region === 'us-east-1') return emptyReply(200, location);
    throw new S3Error(
      409,
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      { BucketName: name },
    );
  }
  if (s3.store.state.buckets.size >= MOST_BUCKETS)
    throw new S3Error(400, 'TooManyBuckets', 'You have attempted to create more buckets than allowed');
  const locks = call.header('x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true';
  const at = s3.clock.serviceNow();
  await save(call, {
    name,
    createdAt: at,
    versioning: locks ? 'Enabled' : null,
    publicAccessBlock: publicAccessBlocks,
    lifecycle: null,
    objectLock: locks ? { defaultRetention: null } : null,
  });
  return emptyReply(200, location);
}

/** A bucket is made in the region that is asked, which every region but the first must be told. */
function checkLocation(call: Call): void {
  const { region } = call.s3;
  const configuration = call.body.length === 0 ? null : xmlBody(call, 'CreateBucketConfiguration');
  const wanted = configuration === null ? undefined : childText(configuration, 'LocationConstraint');
  if (wanted === undefined ? region === 'us-east-1' : wanted === region && region !== 'us-east-1') return;
  if (wanted === undefined || wanted === '')
    throw new S3Error(
      400,
      'IllegalLocationConstraintException',
      'The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.',
    );
  throw region === 'us-east-1'
    ? new S3Error(400, 'InvalidLocationConstraint', 'The specified location-constraint is not valid')
    : new S3Error(
        400,
        'IllegalLocationConstraintException',
        `The ${wanted} location constraint is incompatible for the region specific endpoint this request was sent to.`,
      );
}

export function headBucket(call: Call): Reply {
  bucketOf(call);
  return emptyReply(200, { 'x-amz-bucket-region': call.s3.region });
}

export async function deleteBucket(call: Call): Promise<Reply> {
  const { s3 } = call;
  const { record, versions, uploads } = bucketOf(call);
  if (versions.size > 0)
    throw new S3Error(
      409,
      'BucketNotEmpty',
      record.versioning === null
        ? 'The bucket you tried to delete is not empty'
        : 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.',
      { BucketName: record.name },
    );
  const parts = uploads.values().flatMap((upload) => upload.parts.values());
  const blobs = Array.from(parts, ({ blob }) => blob);
  const at = s3.clock.serviceNow();
  await s3.store.commit(at, [{ drop: 'bucket', name: record.name }]);
  for (const upload of uploads.values()) await s3.meter.add(unstaged(record.name, upload.record, at));
  await s3.store.blobs.remove(blobs);
  return emptyReply(204);
}

export function listBuckets(call: Call): Reply {
  const { accountId, region, store } = call.s3;
  const prefix = call.query.get('prefix') ?? '';
  const limit = Number(call.query.get('max-buckets') ?? MOST_BUCKETS);
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= MOST_BUCKETS))
    throw badRequest(`max-buckets must be between 1 and ${MOST_BUCKETS}.`);
  const after = Buffer.from(call.query.get('continuation-token') ?? '', 'base64url').toString();
  const names = [...store.state.buckets.keys()]
    .sort()
    .filter((name) => name.startsWith(prefix) && name > after);
  const page = names.slice(0, limit).flatMap((name) => store.state.buckets.get(name)?.record ?? []);
  const buckets = page.map(({ name, createdAt }) =>
    wrap(
      'Bucket',
      tag('Name', name),
      tag('CreationDate', isoSeconds(createdAt)),
      tag('BucketRegion', region),
    ),
  );
  const last = names.length > limit ? page.at(-1) : undefined;
  return documentReply(
    'ListAllMyBucketsResult',
    wrap('Owner', tag('ID', accountId), tag('DisplayName', accountId)),
    wrap('Buckets', ...buckets),
    ...(last === undefined ? [] : [tag('ContinuationToken', Buffer.from(last.name).toString('base64url'))]),
  );
}

export function getBucketLocation(call: Call): Reply {
  bucketOf(call);
  const { region } = call.s3;
  return documentReply('LocationConstraint', region === 'us-east-1' ? '' : region);
}

export function getBucketVersioning(call: Call): Reply {
  const { versioning } = bucketOf(call).record;
  return documentReply(
    'VersioningConfiguration',
    ...(versioning === null ? [] : [tag('Status', versioning)]),
  );
}

export async function putBucketVersioning(call: Call): Promise<Reply> {
  const { record } = bucketOf(call);
  const status = childText(xmlBody(call, 'VersioningConfiguration'), 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw badXml();
  if (record.objectLock !== null && status !== 'Enabled')
    throw new S3Error(
      409,
      'InvalidBucketState',
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
    );
  await save(call, { ...record, versioning: status });
  return emptyReply(200);
}

export function getPublicAccessBlock(call: Call): Reply {
  const { publicAccessBlock } = bucketOf(call).record;
  if (publicAccessBlock === null)
    throw new S3Error(
      404,
      'NoSuchPublicAccessBlockConfiguration',
      'The public access block configuration was not found',
      { BucketName: call.bucket },
    );
  return documentReply(
    'PublicAccessBlockConfiguration',
    ...publicAccessBlocks.map((name) => tag(name, publicAccessBlock.includes(name))),
  );
}

export async function putPublicAccessBlock(call: Call): Promise<Reply> {
  const { record } = bucketOf(call);
  const configuration = xmlBody(call, 'PublicAccessBlockConfiguration');
  const blocked = publicAccessBlocks.filter((name) => childText(configuration, name) === 'true');
  await save(call, { ...record, publicAccessBlock: blocked });
  return emptyReply(200);
}

export async function deletePublicAccessBlock(call: Call): Promise<Reply> {
  await save(call, { ...bucketOf(call).record, publicAccessBlock: null });
  return emptyReply(204);
}

export function getLifecycle(call: Call): Reply {
  const { lifecycle } = bucketOf(call).record;
  if (lifecycle === null)
    throw new S3Error(404, 'NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist', {
      BucketName: call.bucket,
    });
  return documentReply('LifecycleConfiguration', lifecycle);
}

/** Rules are kept and told, not carried out. */
export async function putLifecycle(call: Call): Promise<Reply> {
  const { record } = bucketOf(call);
  const configuration = xmlBody(call, 'LifecycleConfiguration');
  const rules = configuration.children.filter(({ name }) => name === 'Rule');
  if (rules.length === 0 || rules.length > 1000) throw badXml();
  if (rules.some((rule) => !['Enabled', 'Disabled'].includes(childText(rule, 'Status') ?? '')))
    throw badXml();
  await save(call, { ...record, lifecycle: rules.map(asXml).join('') });
  return emptyReply(200);
}

function asXml({ name, children, text }: Element): string {
  return children.length === 0 ? tag(name, text) : wrap(name, ...children.map(asXml));
}

export async function deleteLifecycle(call: Call): Promise<Reply> {
  await save(call, { ...bucketOf(call).record, lifecycle: null });
  return emptyReply(204);
}

export function getObjectLockConfiguration(call: Call): Reply {
  const { objectLock } = bucketOf(call).record;
  if (objectLock === null)
    throw new S3Error(
      404,
      'ObjectLockConfigurationNotFoundError',
      'Object Lock configuration does not exist for this bucket',
      { BucketName: call.bucket },
    );
  const { defaultRetention } = objectLock;
  const rule =
    defaultRetention === null
      ? []
      : [
          wrap(
            'Rule',
            wrap(
              'DefaultRetention',
              tag('Mode', defaultRetention.mode),
              tag(defaultRetention.unit, defaultRetention.count),
            ),
          ),
        ];
  return documentReply('ObjectLockConfiguration', tag('ObjectLockEnabled', 'Enabled'), ...rule);
}

export async function putObjectLockConfiguration(call: Call): Promise<Reply> {
  const { record } = bucketOf(call);
  const configuration = xmlBody(call, 'ObjectLockConfiguration');
  if (record.versioning !== 'Enabled')
    throw new S3Error(
      409,
      'InvalidBucketState',
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    );
  if (childText(configuration, 'ObjectLockEnabled') !== 'Enabled') throw badXml();
  const rule = child(configuration, 'Rule');
  const retention = rule === undefined ? undefined : child(rule, 'DefaultRetention');
  if (rule !== undefined && retention === undefined) throw badXml();
  const defaultRetention = retention === undefined ? null : readDefaultRetention(retention);
  await save(call, { ...record, objectLock: { defaultRetention } });
  return emptyReply(200);
}

function readDefaultRetention(element: Element): DefaultRetention {
  const mode = childText(element, 'Mode');
  const days = childText(element, 'Days');
  const years = childText(element, 'Years');
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') throw badXml();
  if ((days === undefined) === (years === undefined)) throw badXml();
  const count = Number(days ?? years);
  if (!(Number.isInteger(count) && count >= 1 && count <= 36_500))
    throw new S3Error(400, 'InvalidArgument', 'Default retention period must be a positive integer value.');
  return { mode, unit: days === undefined ? 'Years' : 'Days', count };
}

/** When a retention by the bucket's default that begins at `at` ends. */
export function defaultUntil({ unit, count }: DefaultRetention, at: number): number {
  if (unit === 'Days') return at + count * DAY;
  const until = new Date(at);
  until.setUTCFullYear(until.getUTCFullYear() + count);
  return until.getTime();
}

async function save({ s3 }: Call, bucket: BucketRecord): Promise<void> {
  await s3.store.commit(s3.clock.serviceNow(), [{ put: 'bucket', bucket }]);
}
