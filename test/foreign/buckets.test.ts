import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MIB, pattern } from '../main/simulator/practice.ts';
import { countsOf, openAwscli, openGround, runBoto3 } from './clients.ts';

/** All of S3 that there is. */
const operations = [
  'AbortMultipartUpload',
  'CompleteMultipartUpload',
  'CopyObject',
  'CreateBucket',
  'CreateMultipartUpload',
  'DeleteBucket',
  'DeleteBucketLifecycle',
  'DeleteObject',
  'DeleteObjectTagging',
  'DeleteObjects',
  'DeletePublicAccessBlock',
  'GetBucketLifecycleConfiguration',
  'GetBucketLocation',
  'GetBucketVersioning',
  'GetObject',
  'GetObjectLegalHold',
  'GetObjectLockConfiguration',
  'GetObjectRetention',
  'GetObjectTagging',
  'GetPublicAccessBlock',
  'HeadBucket',
  'HeadObject',
  'ListBuckets',
  'ListMultipartUploads',
  'ListObjectVersions',
  'ListObjects',
  'ListObjectsV2',
  'ListParts',
  'PutBucketLifecycleConfiguration',
  'PutBucketVersioning',
  'PutObject',
  'PutObjectLegalHold',
  'PutObjectLockConfiguration',
  'PutObjectRetention',
  'PutObjectTagging',
  'PutPublicAccessBlock',
  'RestoreObject',
  'UploadPart',
] as const;

const ground = await openGround();
afterAll(() => ground.close());
const { simulator, folder } = ground;
const boto3 = await runBoto3(ground, 'buckets.py');
const aws = openAwscli(ground);
const of = (key: string): string[] => ['--bucket', 'shelf', '--key', key];

/** A file of this content. */
async function fileOf(name: string, content: Buffer | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('boto3', () => {
  it.each(boto3.outcomes)('$fact', ({ failure }) => expect(failure).toBeNull());
});

describe('awscli', () => {
  it('copies files up and down, in parts if they are long, lists and removes them', async () => {
    const long = pattern(9 * MIB + 1);
    await aws.prints('s3', 'mb', 's3://shelf');
    const small = await fileOf('small', 'a letter');
    const big = await fileOf('big', long);
    await aws.prints('s3', 'cp', small, 's3://shelf/letters/one.txt', '--no-progress');
    await aws.prints('s3', 'cp', big, 's3://shelf/big', '--no-progress', '--storage-class', 'GLACIER_IR');
    const counts = await countsOf(ground);
    const listed = await aws.prints('s3', 'ls', 's3://shelf', '--recursive', '--summarize');
    expect(listed).toMatch(/ 9437185 big\n.* 8 letters\/one\.txt\n\nTotal Objects: 2\n +Total Size: 9437193/);
    const back = join(folder, 'back');
    await aws.prints('s3', 'cp', 's3://shelf/big', back, '--no-progress');
    expect(long.equals(await readFile(back))).toBe(true);
    await aws.prints('s3', 'cp', 's3://shelf/letters/one.txt', back, '--no-progress');
    expect(await readFile(back, 'utf8')).toBe('a letter');
    expect((await countsOf(ground))['GetObject']! - counts['GetObject']!).toBeGreaterThan(2);
    expect(await aws.does('s3api', 'head-object', ...of('big'))).toMatchObject({
      StorageClass: 'GLACIER_IR',
      ETag: expect.stringMatching(/-2"$/) as string,
    });
    expect(await aws.fails('s3', 'rb', 's3://shelf')).toContain('(BucketNotEmpty)');
    await aws.prints('s3', 'rm', 's3://shelf', '--recursive');
    expect(await aws.prints('s3', 'ls', 's3://shelf')).toBe('');
  });

  it('puts an object with its checksum and gets a range of it', async () => {
    const body = await fileOf('checked', 'checked');
    const checksum = 'N9UzDxHqVkV8hQK4cZYdIRmnZ0nzZUg3qK2hRg5q7eI=';
    const asked = ['--body', body, '--checksum-algorithm', 'SHA256', '--metadata', 'plan=docs'];
    const put = await aws.does('s3api', 'put-object', ...of('checked'), ...asked);
    expect(put).toHaveProperty('ChecksumSHA256');
    expect(
      await aws.does('s3api', 'head-object', ...of('checked'), '--checksum-mode', 'ENABLED'),
    ).toMatchObject({
      ...(put as object),
      ContentLength: 7,
      Metadata: { plan: 'docs' },
    });
    const output = join(folder, 'range');
    await aws.does('s3api', 'get-object', ...of('checked'), '--range', 'bytes=1-3', output);
    expect(await readFile(output, 'utf8')).toBe('hec');
    const wrong = ['put-object', ...of('wrong'), '--body', body, '--checksum-sha256', checksum] as const;
    expect(await aws.fails('s3api', ...wrong)).toContain('(BadDigest)');
    expect(await aws.fails('s3api', 'get-object', ...of('wrong'), output)).toContain('(NoSuchKey)');
  });

  it('restores an object before it can copy it', async () => {
    const body = await fileOf('cold', 'cold');
    await aws.prints('s3', 'cp', body, 's3://shelf/cold', '--no-progress', '--storage-class', 'DEEP_ARCHIVE');
    const output = join(folder, 'thawed');
    expect(await aws.fails('s3api', 'get-object', ...of('cold'), output)).toContain('(InvalidObjectState)');
    const request = JSON.stringify({ Days: 1, GlacierJobParameters: { Tier: 'Bulk' } });
    await aws.does('s3api', 'restore-object', ...of('cold'), '--restore-request', request);
    expect(await aws.does('s3api', 'head-object', ...of('cold'))).toMatchObject({
      Restore: 'ongoing-request="true"',
    });
    simulator.advance(48 * 3600 * 1000);
    await aws.prints('s3', 'cp', 's3://shelf/cold', output, '--no-progress');
    expect(await readFile(output, 'utf8')).toBe('cold');
  });

  it('locks an object', async () => {
    const bucket = ['--bucket', 'strongbox'];
    await aws.does('s3api', 'create-bucket', ...bucket, '--object-lock-enabled-for-bucket');
    const key = [...bucket, '--key', 'deed'];
    const put = (await aws.does('s3api', 'put-object', ...key)) as { VersionId: string };
    const until = new Date(simulator.now() + 86_400_000).toISOString();
    const retention = `Mode=COMPLIANCE,RetainUntilDate=${until}`;
    await aws.does('s3api', 'put-object-retention', ...key, '--retention', retention);
    expect(await aws.fails('s3api', 'delete-object', ...key, `--version-id=${put.VersionId}`)).toContain(
      '(AccessDenied)',
    );
    const listed = await aws.does('s3api', 'list-object-versions', ...bucket);
    expect(listed).toMatchObject({ Versions: [{ Key: 'deed', VersionId: put.VersionId, Size: 0 }] });
  });
});

describe('the service', () => {
  it.each(operations)('was asked for %s, and granted it', async (operation) => {
    const granted = (boto3.calls[operation] ?? 0) + (aws.calls()[operation] ?? 0);
    expect(granted).toBeGreaterThan(0);
    expect((await countsOf(ground))[operation]).toBeGreaterThanOrEqual(granted);
  });

  it('was asked for nothing else', async () => {
    expect(Object.keys(await countsOf(ground)).sort()).toEqual(operations);
  });
});
