import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteBucketLifecycleCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  DeletePublicAccessBlockCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectTaggingCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  type LifecycleRule,
  ListBucketsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { start, tempFolder } from '../practice.ts';
import { bucketPractice, refusal, s3ClientOf } from './practice.ts';

describe('a bucket', () => {
  it('is made, found, listed and deleted', async () => {
    const { client, simulator, Bucket } = await bucketPractice();
    const { BucketRegion } = await client.send(new HeadBucketCommand({ Bucket }));
    expect(BucketRegion).toBe('us-east-1');
    const { Buckets } = await client.send(new ListBucketsCommand({}));
    const CreationDate = new Date(Math.floor(simulator.now() / 1000) * 1000);
    expect(Buckets).toEqual([{ Name: Bucket, CreationDate, BucketRegion: 'us-east-1' }]);
    await client.send(new CreateBucketCommand({ Bucket })); // no failure in the first region
    await client.send(new DeleteBucketCommand({ Bucket }));
    expect(await refusal(client.send(new HeadBucketCommand({ Bucket })))).toEqual([404, 'NotFound']);
    expect(await refusal(client.send(new DeleteBucketCommand({ Bucket })))).toEqual([404, 'NoSuchBucket']);
  });

  it('is deleted only when it is empty, but for open uploads', async () => {
    const { client, Bucket } = await bucketPractice();
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
    await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }));
    expect(await refusal(client.send(new DeleteBucketCommand({ Bucket })))).toEqual([409, 'BucketNotEmpty']);
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await client.send(new DeleteBucketCommand({ Bucket }));
  });

  it.each(['ab', 'Upper', 'under_score', '-first', 'last-', 'a..b', '192.168.1.1', 'a'.repeat(64)])(
    'is not called %s',
    async (name) => {
      const { client } = await bucketPractice();
      // The client itself refuses some of these names.
      const middleware = new CreateBucketCommand({ Bucket: 'name-to-come' });
      middleware.middlewareStack.add(
        (next) => (args) => {
          (args.request as { path: string }).path = `/${name}`;
          return next(args);
        },
        { step: 'build' },
      );
      expect(await refusal(client.send(middleware))).toEqual([400, 'InvalidBucketName']);
    },
  );

  it('is told where it is, and must be where it is asked for', async () => {
    const { client, Bucket } = await bucketPractice();
    expect((await client.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined();
    const make = (bucket: string, LocationConstraint?: string): CreateBucketCommand =>
      new CreateBucketCommand({
        Bucket: bucket,
        CreateBucketConfiguration: { LocationConstraint: LocationConstraint as BucketLocationConstraint },
      });
    expect((await refusal(client.send(make('elsewhere', 'us-east-1'))))[0]).toBe(400);

    const far = s3ClientOf(await start(await tempFolder(), { region: 'eu-west-1' }));
    expect(await refusal(far.send(make('bucket-there', 'eu-west-2')))).toEqual([
      400,
      'IllegalLocationConstraintException',
    ]);
    await far.send(make('bucket-there', 'eu-west-1'));
    const there = await far.send(new GetBucketLocationCommand({ Bucket: 'bucket-there' }));
    expect(there.LocationConstraint).toBe('eu-west-1');
    expect(await refusal(far.send(make('bucket-there', 'eu-west-1')))).toEqual([
      409,
      'BucketAlreadyOwnedByYou',
    ]);
  });

  it('tells whether it keeps versions', async () => {
    const { client, Bucket } = await bucketPractice();
    const status = async (): Promise<unknown> =>
      (await client.send(new GetBucketVersioningCommand({ Bucket }))).Status;
    expect(await status()).toBeUndefined();
    for (const Status of ['Enabled', 'Suspended'] as const) {
      await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
      expect(await status()).toBe(Status);
    }
  });

  it('is closed to the public unless that is taken back', async () => {
    const { client, Bucket } = await bucketPractice();
    const blocked = {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    };
    const told = async (): Promise<unknown> =>
      (await client.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration;
    expect(await told()).toEqual(blocked);
    const PublicAccessBlockConfiguration = { ...blocked, BlockPublicPolicy: false };
    await client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
    expect(await told()).toEqual(PublicAccessBlockConfiguration);
    await client.send(new DeletePublicAccessBlockCommand({ Bucket }));
    expect(await refusal(told())).toEqual([404, 'NoSuchPublicAccessBlockConfiguration']);
  });

  it('keeps its lifecycle rules', async () => {
    const { client, Bucket } = await bucketPractice();
    const told = async (): Promise<unknown> =>
      (await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules;
    expect(await refusal(told())).toEqual([404, 'NoSuchLifecycleConfiguration']);
    const Rules: LifecycleRule[] = [
      {
        ID: 'a & b',
        Status: 'Enabled',
        Filter: { Prefix: 'packs/' },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
        Transitions: [{ Days: 1, StorageClass: 'DEEP_ARCHIVE' }],
      },
    ];
    await client.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }),
    );
    expect(await told()).toEqual(Rules);
    await client.send(new DeleteBucketLifecycleCommand({ Bucket }));
    expect(await refusal(told())).toEqual([404, 'NoSuchLifecycleConfiguration']);
  });
});

describe('tags of an object', () => {
  it('are put, told and deleted', async () => {
    const { client, Bucket } = await bucketPractice();
    const object = { Bucket, Key: 'k' };
    await client.send(new PutObjectCommand({ ...object, Body: 'x', Tagging: 'a=b%20c' }));
    const told = async (): Promise<unknown> =>
      (await client.send(new GetObjectTaggingCommand(object))).TagSet;
    expect(await told()).toEqual([{ Key: 'a', Value: 'b c' }]);
    const TagSet = [{ Key: 'x', Value: '<&>' }];
    await client.send(new PutObjectTaggingCommand({ ...object, Tagging: { TagSet } }));
    expect(await told()).toEqual(TagSet);
    await client.send(new DeleteObjectTaggingCommand(object));
    expect(await told()).toEqual([]);
  });

  it('are at most ten, each with a name of its own', async () => {
    const { client, Bucket } = await bucketPractice();
    const put = (Tagging: string): Promise<unknown> =>
      client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', Tagging }));
    const eleven = Array.from({ length: 11 }, (_, i) => `k${i}=v`).join('&');
    expect(await refusal(put(eleven))).toEqual([400, 'BadRequest']);
    expect(await refusal(put('a=1&a=2'))).toEqual([400, 'InvalidTag']);
  });
});

describe('what is inside', () => {
  it('is told by the simulator itself', async () => {
    const { client, Bucket, simulator } = await bucketPractice();
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'abc' }));
    await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }));
    const state: unknown = await (await fetch(`${simulator.url}/-simulator/state`)).json();
    expect(state).toMatchObject({
      buckets: [{ name: Bucket, keys: 1, versions: 1, deleteMarkers: 0, bytes: 3, openUploads: 1 }],
    });
  });
});
