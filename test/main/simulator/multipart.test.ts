import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandOutput,
  InitiateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  paginateListParts,
  UploadMultipartPartCommand,
} from '@aws-sdk/client-glacier';
import { describe, expect, it } from 'vitest';
import {
  beginUpload,
  DAY,
  HOUR,
  MIB,
  pattern,
  type Practice,
  practice,
  refusal,
  sendPart,
  signed,
  treeHashHex,
} from './practice.ts';

const accountId = '-';
const invalid = 'InvalidParameterValueException';

function complete(
  { client, vaultName }: Practice,
  uploadId: string,
  data: Buffer,
  change: { archiveSize?: string; checksum?: string } = {},
): Promise<CompleteMultipartUploadCommandOutput> {
  return client.send(
    new CompleteMultipartUploadCommand({
      accountId,
      vaultName,
      uploadId,
      archiveSize: String(data.length),
      checksum: treeHashHex(data),
      ...change,
    }),
  );
}

async function sendAll(p: Practice, uploadId: string, data: Buffer, partBytes: number): Promise<void> {
  const starts = Array.from({ length: Math.ceil(data.length / partBytes) }, (_, i) => i * partBytes);
  await Promise.all(
    starts.reverse().map((at) => sendPart(p, uploadId, at, data.subarray(at, at + partBytes))),
  );
}

const notFound = (id: string): unknown => [
  404,
  'ResourceNotFoundException',
  `The upload ID was not found: ${id}`,
];

describe('a multipart upload', () => {
  it('begins with an id and its path', async () => {
    const { client, simulator, vaultName } = await practice();
    const answer = await client.send(
      new InitiateMultipartUploadCommand({ accountId, vaultName, partSize: '4194304' }),
    );
    expect(answer.$metadata.httpStatusCode).toBe(201);
    expect(answer.uploadId).toMatch(/^[\w-]{92}$/);
    expect(answer.location).toBe(
      `/${simulator.accountId}/vaults/${vaultName}/multipart-uploads/${answer.uploadId!}`,
    );
  });

  it.each(['3145728', '524288', '8589934592', '0', 'x'])('refuses a part size of %s', async (partSize) => {
    const { client, vaultName } = await practice();
    const begin = new InitiateMultipartUploadCommand({ accountId, vaultName, partSize });
    const message = `Invalid part size: ${partSize}. Part size must not be null, must be a power of two and be between 1048576 and 4294967296 bytes.`;
    expect(await refusal(client.send(begin))).toEqual([400, invalid, message]);
  });

  it.each([
    [MIB, 3.5 * MIB],
    [2 * MIB, 6.5 * MIB],
    [4 * MIB, 4 * MIB],
    [8 * MIB, 17],
  ])('in parts of %i bytes makes one archive of %i', async (partBytes, bytes) => {
    const p = await practice();
    const data = pattern(bytes);
    const uploadId = await beginUpload(p, partBytes);
    await sendAll(p, uploadId, data, partBytes);
    const answer = await complete(p, uploadId, data);
    expect(answer.$metadata.httpStatusCode).toBe(201);
    expect(answer.checksum).toBe(treeHashHex(data));
    expect(answer.archiveId).toMatch(/^[\w-]{138}$/);
    expect(answer.location).toBe(
      `/${p.simulator.accountId}/vaults/${p.vaultName}/archives/${answer.archiveId!}`,
    );
  });

  it('answers a second Complete with the same archive, and is gone for everything else', async () => {
    const p = await practice();
    const data = pattern(1.5 * MIB);
    const uploadId = await beginUpload(p);
    await sendAll(p, uploadId, data, MIB);
    const { archiveId } = await complete(p, uploadId, data);
    p.simulator.advance(HOUR);
    expect((await complete(p, uploadId, data)).archiveId).toBe(archiveId);
    const { vaultName } = p;
    expect(await refusal(p.client.send(new ListPartsCommand({ accountId, vaultName, uploadId })))).toEqual(
      notFound(uploadId),
    );
    expect(
      await refusal(p.client.send(new AbortMultipartUploadCommand({ accountId, vaultName, uploadId }))),
    ).toEqual(notFound(uploadId));
    const { UploadsList } = await p.client.send(new ListMultipartUploadsCommand({ accountId, vaultName }));
    expect(UploadsList).toEqual([]);
    p.simulator.advance(2 * DAY);
    expect(await refusal(complete(p, uploadId, data))).toEqual(notFound(uploadId));
  });

  it('stays open after a Complete with a wrong hash, a wrong size, a gap or a short part', async () => {
    const p = await practice();
    const data = pattern(2.5 * MIB);
    const uploadId = await beginUpload(p);
    expect(await refusal(complete(p, uploadId, data))).toEqual([400, invalid, expect.anything()]);
    await sendPart(p, uploadId, 0, data.subarray(0, 1000));
    await sendPart(p, uploadId, 2 * MIB, data.subarray(2 * MIB));
    expect(await refusal(complete(p, uploadId, data))).toEqual([400, invalid, expect.anything()]);
    await sendPart(p, uploadId, MIB, data.subarray(MIB, 2 * MIB));
    expect(await refusal(complete(p, uploadId, data))).toEqual([400, invalid, expect.anything()]);
    await sendPart(p, uploadId, 0, data.subarray(0, MIB));
    expect(await refusal(complete(p, uploadId, data, { archiveSize: '5' }))).toEqual([
      400,
      invalid,
      expect.anything(),
    ]);
    const wrong = treeHashHex(pattern(3));
    expect(await refusal(complete(p, uploadId, data, { checksum: wrong }))).toEqual([
      400,
      invalid,
      `Invalid x-amz-sha256-tree-hash: ${wrong}`,
    ]);
    await complete(p, uploadId, data);
  });

  it('is aborted once or twice, then unknown', async () => {
    const p = await practice();
    const { client, vaultName } = p;
    const uploadId = await beginUpload(p);
    await sendPart(p, uploadId, 0, pattern(MIB));
    const abort = new AbortMultipartUploadCommand({ accountId, vaultName, uploadId });
    expect((await client.send(abort)).$metadata.httpStatusCode).toBe(204);
    expect((await client.send(abort)).$metadata.httpStatusCode).toBe(204);
    expect(await refusal(sendPart(p, uploadId, 0, pattern(MIB)))).toEqual(notFound(uploadId));
    p.simulator.advance(2 * DAY);
    expect(await refusal(client.send(abort))).toEqual(notFound(uploadId));
  });

  it('vanishes after a day without activity, counted from its last part', async () => {
    const p = await practice();
    const uploadId = await beginUpload(p);
    p.simulator.advance(20 * HOUR);
    await sendPart(p, uploadId, 0, pattern(MIB));
    p.simulator.advance(20 * HOUR);
    await sendPart(p, uploadId, MIB, pattern(MIB));
    p.simulator.advance(24 * HOUR);
    expect(await refusal(sendPart(p, uploadId, 2 * MIB, pattern(MIB)))).toEqual(notFound(uploadId));
  });

  it('does not vanish while a part comes in, however fast the clock runs', async () => {
    const p = await practice();
    const uploadId = await beginUpload(p);
    const data = pattern(MIB);
    const treeHash = treeHashHex(data);
    const { method, path, headers } = signed(p.simulator, {
      method: 'PUT',
      path: `/-/vaults/${p.vaultName}/multipart-uploads/${uploadId}`,
      headers: {
        'content-length': String(MIB),
        'content-range': 'bytes 0-1048575/*',
        'x-amz-content-sha256': treeHash,
        'x-amz-glacier-version': '2012-06-01',
        'x-amz-sha256-tree-hash': treeHash,
      },
    });
    const outgoing = request(p.simulator.url + path, { method, headers });
    const answered = once(outgoing, 'response');
    outgoing.write(data.subarray(0, 1000));
    while (p.simulator.counts().bytesIn < 1000) await new Promise((resolve) => setTimeout(resolve, 5));
    p.simulator.advance(3 * DAY);
    const list = new ListMultipartUploadsCommand({ accountId, vaultName: p.vaultName });
    expect((await p.client.send(list)).UploadsList).toHaveLength(1);
    outgoing.end(data.subarray(1000));
    const [{ statusCode }] = (await answered) as [IncomingMessage];
    expect(statusCode).toBe(204);
    await complete(p, uploadId, data);
  });

  it('loses the spaces before its description', async () => {
    const p = await practice();
    await beginUpload(p, MIB, '  two  words');
    await beginUpload(p);
    const { UploadsList } = await p.client.send(
      new ListMultipartUploadsCommand({ accountId, vaultName: p.vaultName }),
    );
    expect(UploadsList?.map(({ ArchiveDescription }) => ArchiveDescription).sort()).toEqual([
      'two  words',
      undefined,
    ]);
  });
});

describe('a part', () => {
  const send = (p: Practice, uploadId: string, range: string | undefined, body: Buffer): Promise<unknown> =>
    p.client.send(
      new UploadMultipartPartCommand({ accountId, vaultName: p.vaultName, uploadId, range, body }),
    );

  it('is answered with its tree hash', async () => {
    const p = await practice();
    const uploadId = await beginUpload(p, 4 * MIB);
    const part = pattern(4 * MIB);
    expect(await sendPart(p, uploadId, 4 * MIB, part)).toBe(treeHashHex(part));
  });

  it.each([
    ['that starts between two parts', 'bytes 1024-2047/*', 1024],
    ['that is inverted', 'bytes 1048576-0/*', 1024],
    ['longer than the part size', 'bytes 0-1048576/*', MIB + 1],
    ['in the syntax of Range', 'bytes=0-1023', 1024],
  ])('%s has an invalid Content-Range', async (_name, range, bytes) => {
    const p = await practice();
    const uploadId = await beginUpload(p);
    expect(await refusal(send(p, uploadId, range, pattern(bytes)))).toEqual([
      400,
      invalid,
      `Invalid Content-Range: ${range}`,
    ]);
  });

  it('must be as long as its range', async () => {
    const p = await practice();
    const uploadId = await beginUpload(p);
    const message = 'Content-Range: bytes 0-1023/* is incompatible with Content-Length: 1000';
    expect(await refusal(send(p, uploadId, 'bytes 0-1023/*', pattern(1000)))).toEqual([
      400,
      invalid,
      message,
    ]);
  });

  it('needs a range', async () => {
    const p = await practice();
    const uploadId = await beginUpload(p);
    expect(await refusal(send(p, uploadId, undefined, pattern(1000)))).toEqual([
      400,
      'MissingParameterValueException',
      expect.anything(),
    ]);
  });

  it('may be the ten-thousandth but not the next', async () => {
    const p = await practice();
    const uploadId = await beginUpload(p);
    await sendPart(p, uploadId, 9999 * MIB, pattern(5));
    const message =
      'This is part number 10001 for the current multipart upload. It exceeds the limit of 10000 parts.';
    expect(await refusal(sendPart(p, uploadId, 10_000 * MIB, pattern(5)))).toEqual([400, invalid, message]);
  });

  it('sent again replaces the one before', async () => {
    const p = await practice();
    const data = pattern(2 * MIB);
    const uploadId = await beginUpload(p, 2 * MIB);
    await sendPart(p, uploadId, 0, Buffer.alloc(2 * MIB, 'x'));
    await sendPart(p, uploadId, 0, Buffer.alloc(5, 'y'));
    await sendPart(p, uploadId, 0, data);
    await sendPart(p, uploadId, 0, data);
    await complete(p, uploadId, data);
  });

  it('sent again with a wrong hash leaves the good one', async () => {
    const p = await practice();
    const data = pattern(2 * MIB);
    const uploadId = await beginUpload(p, 2 * MIB);
    await sendPart(p, uploadId, 0, data);
    const bad = new UploadMultipartPartCommand({
      accountId,
      vaultName: p.vaultName,
      uploadId,
      range: 'bytes 0-2097151/*',
      body: Buffer.alloc(2 * MIB, 'x'),
      checksum: treeHashHex(data),
    });
    expect(await refusal(p.client.send(bad))).toMatchObject([
      400,
      invalid,
      expect.stringMatching(/^Checksum mismatch/),
    ]);
    await complete(p, uploadId, data);
  });

  it('sent many times at once ends as one of them, whole', async () => {
    const p = await practice();
    const uploadId = await beginUpload(p, 2 * MIB);
    const bodies = Array.from({ length: 8 }, (_, i) => Buffer.alloc(2 * MIB, String(i)));
    await Promise.all(bodies.map((body) => sendPart(p, uploadId, 0, body)));
    const { Parts } = await p.client.send(
      new ListPartsCommand({ accountId, vaultName: p.vaultName, uploadId }),
    );
    const winner = bodies.find((body) => treeHashHex(body) === Parts?.[0]?.SHA256TreeHash);
    await complete(p, uploadId, winner!);
  });
});

describe('listing parts', () => {
  it('goes by range, fifty at a time, with the upload described', async () => {
    const p = await practice();
    const { client, vaultName } = p;
    const uploadId = await beginUpload(p, MIB, 'many');
    const data = pattern(53 * MIB - 7);
    await sendAll(p, uploadId, data, MIB);
    const first = await client.send(new ListPartsCommand({ accountId, vaultName, uploadId, limit: 1000 }));
    expect(first).toMatchObject({
      MultipartUploadId: uploadId,
      VaultARN: `arn:aws:glacier:us-east-1:${p.simulator.accountId}:vaults/${vaultName}`,
      ArchiveDescription: 'many',
      PartSizeInBytes: MIB,
    });
    expect(first.Parts).toHaveLength(50);
    const ranges: string[] = [];
    for await (const page of paginateListParts(
      { client, pageSize: 20 },
      { accountId, vaultName, uploadId },
    )) {
      for (const { RangeInBytes, SHA256TreeHash } of page.Parts ?? []) {
        const [from, to] = RangeInBytes!.split('-').map(Number) as [number, number];
        expect(SHA256TreeHash).toBe(treeHashHex(data.subarray(from, to + 1)));
        ranges.push(RangeInBytes!);
      }
    }
    expect(ranges).toEqual(
      Array.from({ length: 53 }, (_, i) => `${i * MIB}-${Math.min((i + 1) * MIB, data.length) - 1}`),
    );
  });

  it('shows fifty of the uploads at a time', async () => {
    const p = await practice();
    const ids = [];
    for (let i = 0; i < 53; i += 1) ids.push(await beginUpload(p));
    const list = (marker?: string): ListMultipartUploadsCommand =>
      new ListMultipartUploadsCommand({ accountId, vaultName: p.vaultName, marker });
    const first = await p.client.send(list());
    const second = await p.client.send(list(first.Marker));
    expect(first.UploadsList).toHaveLength(50);
    expect(second.Marker).toBeUndefined();
    const seen = [...(first.UploadsList ?? []), ...(second.UploadsList ?? [])].map(
      (upload) => upload.MultipartUploadId!,
    );
    expect(seen.sort()).toEqual(ids.sort());
  });
});
