import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  RestoreObjectCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { DAY } from '../practice.ts';
import { type BucketPractice, bucketPractice, failure, refusal } from './practice.ts';

async function versioned(): Promise<BucketPractice> {
  const p = await bucketPractice();
  await setVersioning(p, 'Enabled');
  return p;
}

async function setVersioning(
  { client, Bucket }: BucketPractice,
  Status: 'Enabled' | 'Suspended',
): Promise<void> {
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
}

async function put(
  p: BucketPractice,
  Body: string,
  more: Partial<PutObjectCommandInput> = {},
): Promise<string> {
  const { VersionId } = await p.client.send(
    new PutObjectCommand({ Bucket: p.Bucket, Key: 'k', Body, ...more }),
  );
  return VersionId!;
}

async function read({ client, Bucket }: BucketPractice, VersionId?: string): Promise<string> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'k', VersionId }));
  return Body!.transformToString();
}

async function versionsOf({ client, Bucket }: BucketPractice): Promise<string[]> {
  const { DeleteMarkers = [], Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
  return [...Versions, ...DeleteMarkers].map(({ VersionId }) => VersionId!);
}

describe('versions', () => {
  it('are kept, each readable by its id', async () => {
    const p = await versioned();
    const [one, two] = [await put(p, 'one'), await put(p, 'two')];
    expect(await read(p)).toBe('two');
    expect(await read(p, one)).toBe('one');
    expect(await versionsOf(p)).toEqual([two, one]);
    expect(await refusal(read(p, 'none'))).toEqual([404, 'NoSuchVersion']);
  });

  it('are hidden by a delete marker and shown again when it is deleted', async () => {
    const p = await versioned();
    const { client, Bucket } = p;
    const one = await put(p, 'one');
    const { DeleteMarker, VersionId } = await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    expect(DeleteMarker).toBe(true);
    expect(await refusal(read(p))).toEqual([404, 'NoSuchKey']);
    expect(await read(p, one)).toBe('one');
    expect((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
    const asked = await failure(client.send(new GetObjectCommand({ Bucket, Key: 'k', VersionId })));
    expect([asked.$metadata.httpStatusCode, asked.name]).toEqual([405, 'MethodNotAllowed']);
    const gone = await client.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId }));
    expect(gone).toMatchObject({ DeleteMarker: true, VersionId });
    expect(await read(p)).toBe('one');
  });

  it('written before there were any, or while there are none, share one id', async () => {
    const p = await bucketPractice();
    await put(p, 'zero');
    await setVersioning(p, 'Enabled');
    const one = await put(p, 'one');
    expect(await read(p, 'null')).toBe('zero');
    await setVersioning(p, 'Suspended');
    expect(await put(p, 'two')).toBe('null');
    expect(await versionsOf(p)).toEqual(['null', one]);
    await p.client.send(new DeleteObjectCommand({ Bucket: p.Bucket, Key: 'k' }));
    expect(await refusal(read(p))).toEqual([404, 'NoSuchKey']);
    expect((await versionsOf(p)).sort()).toEqual(['null', one].sort());
  });

  it('are restored one by one', async () => {
    const p = await versioned();
    const old = await put(p, 'old', { StorageClass: 'GLACIER' });
    await put(p, 'new', { StorageClass: 'GLACIER' });
    const RestoreRequest = { Days: 1, GlacierJobParameters: { Tier: 'Expedited' } } as const;
    await p.client.send(
      new RestoreObjectCommand({ Bucket: p.Bucket, Key: 'k', VersionId: old, RestoreRequest }),
    );
    p.simulator.advance(5 * 60_000);
    expect(await read(p, old)).toBe('old');
    expect(await refusal(read(p))).toEqual([403, 'InvalidObjectState']);
  });

  it('are listed a page at a time, latest first', async () => {
    const p = await versioned();
    const { client, Bucket } = p;
    const expected: string[] = [];
    for (const Key of ['a', 'b/c', 'd']) {
      const ids = [await put(p, '1', { Key }), await put(p, '2', { Key })];
      expected.push(...ids.reverse().map((id) => `${Key} ${id}`));
    }
    const seen: string[] = [];
    let page = {};
    for (let more = true; more;) {
      const answer = await client.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 1, ...page }));
      seen.push(...answer.Versions!.map(({ Key, VersionId }) => `${Key!} ${VersionId!}`));
      page = { KeyMarker: answer.NextKeyMarker, VersionIdMarker: answer.NextVersionIdMarker };
      more = answer.IsTruncated!;
    }
    expect(seen).toEqual(expected);
    const rolled = await client.send(new ListObjectVersionsCommand({ Bucket, Delimiter: '/' }));
    expect(rolled.CommonPrefixes).toEqual([{ Prefix: 'b/' }]);
    expect(rolled.Versions?.map(({ IsLatest }) => IsLatest)).toEqual([true, false, true, false]);
  });
});

async function locked(): Promise<BucketPractice> {
  return bucketPractice({ ObjectLockEnabledForBucket: true });
}

const until = (p: BucketPractice, days: number): Date => new Date(p.simulator.now() + days * DAY);

async function remove(p: BucketPractice, VersionId: string, more: object = {}): Promise<void> {
  await p.client.send(new DeleteObjectCommand({ Bucket: p.Bucket, Key: 'k', VersionId, ...more }));
}

const bypass = { BypassGovernanceRetention: true };
const denied = [403, 'AccessDenied'];

describe('a lock', () => {
  it('of COMPLIANCE keeps a version until it is over, whoever asks', async () => {
    const p = await locked();
    const id = await put(p, 'x', { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until(p, 2) });
    const head = await p.client.send(new HeadObjectCommand({ Bucket: p.Bucket, Key: 'k' }));
    expect(head).toMatchObject({ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until(p, 2) });
    expect(await refusal(remove(p, id))).toEqual(denied);
    expect(await refusal(remove(p, id, bypass))).toEqual(denied);
    const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: until(p, 1) } as const;
    const shorter = new PutObjectRetentionCommand({ Bucket: p.Bucket, Key: 'k', Retention, ...bypass });
    expect(await refusal(p.client.send(shorter))).toEqual(denied);
    p.simulator.advance(2 * DAY);
    await remove(p, id);
    expect(await versionsOf(p)).toEqual([]);
  });

  it('of GOVERNANCE yields to who is bold enough', async () => {
    const p = await locked();
    const { client, Bucket } = p;
    const id = await put(p, 'x', { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until(p, 2) });
    expect(await refusal(remove(p, id))).toEqual(denied);
    const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: until(p, 1) } as const;
    const shorter = { Bucket, Key: 'k', Retention };
    expect(await refusal(client.send(new PutObjectRetentionCommand(shorter)))).toEqual(denied);
    await client.send(new PutObjectRetentionCommand({ ...shorter, ...bypass }));
    const longer = { Mode: 'GOVERNANCE', RetainUntilDate: until(p, 3) } as const;
    await client.send(new PutObjectRetentionCommand({ Bucket, Key: 'k', Retention: longer }));
    const told = await client.send(new GetObjectRetentionCommand({ Bucket, Key: 'k' }));
    expect(told.Retention).toEqual(longer);
    const many = { Bucket, Delete: { Objects: [{ Key: 'k', VersionId: id }] } };
    const refused = await client.send(new DeleteObjectsCommand(many));
    expect(refused.Errors?.map(({ Code }) => Code)).toEqual(['AccessDenied']);
    const gone = await client.send(new DeleteObjectsCommand({ ...many, ...bypass }));
    expect(gone.Errors).toBeUndefined();
  });

  it('does not keep a delete marker from being put before it', async () => {
    const p = await locked();
    const id = await put(p, 'x', { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until(p, 2) });
    await p.client.send(new DeleteObjectCommand({ Bucket: p.Bucket, Key: 'k' }));
    expect(await read(p, id)).toBe('x');
  });

  it('of a legal hold stays until it is taken off', async () => {
    const p = await locked();
    const { client, Bucket } = p;
    const id = await put(p, 'x');
    const none = await refusal(client.send(new GetObjectLegalHoldCommand({ Bucket, Key: 'k' })));
    expect(none).toEqual([404, 'NoSuchObjectLockConfiguration']);
    const set = (Status: 'ON' | 'OFF'): PutObjectLegalHoldCommand =>
      new PutObjectLegalHoldCommand({ Bucket, Key: 'k', LegalHold: { Status } });
    await client.send(set('ON'));
    expect(await refusal(remove(p, id, bypass))).toEqual(denied);
    await client.send(set('OFF'));
    const { LegalHold } = await client.send(new GetObjectLegalHoldCommand({ Bucket, Key: 'k' }));
    expect(LegalHold).toEqual({ Status: 'OFF' });
    await remove(p, id);
  });

  it('comes by itself where the bucket says so', async () => {
    const p = await locked();
    const { client, Bucket } = p;
    const ObjectLockConfiguration = {
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 3 } },
    } as const;
    await client.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
    const told = await client.send(new GetObjectLockConfigurationCommand({ Bucket }));
    expect(told.ObjectLockConfiguration).toEqual(ObjectLockConfiguration);
    await put(p, 'x');
    const { Retention } = await client.send(new GetObjectRetentionCommand({ Bucket, Key: 'k' }));
    expect(Retention).toEqual({ Mode: 'GOVERNANCE', RetainUntilDate: until(p, 3) });
  });

  it('needs a bucket made for it, a time to come, and versions', async () => {
    const open = await bucketPractice();
    const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until(open, 1) } as const;
    expect(await refusal(put(open, 'x', lock))).toEqual([400, 'InvalidRequest']);
    const configuration = new GetObjectLockConfigurationCommand({ Bucket: open.Bucket });
    expect(await refusal(open.client.send(configuration))).toEqual([
      404,
      'ObjectLockConfigurationNotFoundError',
    ]);
    const p = await locked();
    const past = { ...lock, ObjectLockRetainUntilDate: until(p, -1) };
    expect(await refusal(put(p, 'x', past))).toEqual([400, 'InvalidArgument']);
    expect(await refusal(setVersioning(p, 'Suspended'))).toEqual([409, 'InvalidBucketState']);
    const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' } as const;
    const late = new PutObjectLockConfigurationCommand({ Bucket: open.Bucket, ObjectLockConfiguration });
    expect(await refusal(open.client.send(late))).toEqual([409, 'InvalidBucketState']);
  });
});
