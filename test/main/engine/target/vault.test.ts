import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openVault } from '../../../../src/main/engine/target/vault.ts';
import type { ArchiveId, JobId, Part, Target, UploadId } from '../../../../src/main/engine/target/target.ts';
import { treeHash } from '../../../../src/main/engine/upload/treeHash.ts';
import { collect, expectKind, MIB, partOf } from './contract.ts';
import { always, keys, refuse, startRawService, type RawService } from './rawService.ts';

const upload = '-uploadId' as UploadId;
const job = '-jobId' as JobId;
const archive = '-archiveId' as ArchiveId;

let service: RawService;
let vault: Target;
beforeEach(async () => {
  service = await startRawService();
  vault = service.vault();
});
afterEach(() => service.close());

describe('what a vault sends', () => {
  it('carries a part with both hashes as they were handed in, and signs with the one of them', async () => {
    const bytes = randomBytes(MIB + 7);
    const made: Part = { offset: 4 * MIB, bytes, treeHash: randomBytes(32), sha256: randomBytes(32) };
    service.answer = always(204, { 'x-amz-sha256-tree-hash': made.treeHash.toString('hex') });
    await vault.sendPart(upload, made);
    const [asked] = service.asked;
    expect(asked?.method).toBe('PUT');
    expect(asked?.url).toBe('/-/vaults/photos/multipart-uploads/-uploadId');
    expect(asked?.body.equals(bytes)).toBe(true);
    expect(asked?.headers).toMatchObject({
      'content-range': `bytes ${4 * MIB}-${4 * MIB + bytes.length - 1}/*`,
      'content-length': String(bytes.length),
      'content-type': 'application/octet-stream',
      'x-amz-glacier-version': '2012-06-01',
      'x-amz-content-sha256': made.sha256?.toString('hex'),
      'x-amz-sha256-tree-hash': made.treeHash.toString('hex'),
    });
    expect(asked?.headers['transfer-encoding']).toBeUndefined();
    expect(asked?.headers.authorization).toMatch(/\/eu-central-1\/glacier\/aws4_request/);
    expect(asked?.headers.authorization).toMatch(/x-amz-content-sha256;x-amz-date/);
  });

  it('finishes with the hash and the size of the archive and no body', async () => {
    const root = randomBytes(32);
    service.answer = always(201, {
      'x-amz-sha256-tree-hash': root.toString('hex'),
      'x-amz-archive-id': archive,
    });
    expect(await vault.finishUpload(upload, 123_456_789, root)).toBe(archive);
    expect(service.asked[0]?.body.length).toBe(0);
    expect(service.asked[0]?.headers).toMatchObject({
      'x-amz-archive-size': '123456789',
      'x-amz-sha256-tree-hash': root.toString('hex'),
    });
  });

  it('asks for a retrieval with the job itself as body, signed by its real hash', async () => {
    service.answer = always(202, { 'x-amz-job-id': job });
    const range = { first: MIB, end: 3 * MIB };
    expect(await vault.requestRetrieval(archive, range, 'bulk', 'o-17')).toBe(job);
    const [asked] = service.asked;
    expect(JSON.parse(asked!.body.toString())).toEqual({
      Type: 'archive-retrieval',
      ArchiveId: archive,
      Description: 'o-17',
      Tier: 'Bulk',
      RetrievalByteRange: `${MIB}-${3 * MIB - 1}`,
    });
    expect(asked?.headers['x-amz-content-sha256']).toBe(
      createHash('sha256').update(asked!.body).digest('hex'),
    );
  });

  it('names another account where one is given', async () => {
    service.answer = always(200, {}, JSON.stringify({ VaultARN: 'arn' }));
    await service.vault({ accountId: '123456789012' }).probe();
    expect(service.asked[0]?.url).toBe('/123456789012/vaults/photos');
  });

  it('goes to AWS_ENDPOINT_URL_GLACIER where no endpoint is set', async () => {
    const before = process.env.AWS_ENDPOINT_URL_GLACIER;
    process.env.AWS_ENDPOINT_URL_GLACIER = service.url;
    try {
      service.answer = always(200, {}, JSON.stringify({ VaultARN: 'arn' }));
      const unset = openVault({ vault: 'photos', region: 'eu-central-1', credentials: keys });
      await unset.probe();
      unset.close();
    } finally {
      if (before === undefined) delete process.env.AWS_ENDPOINT_URL_GLACIER;
      else process.env.AWS_ENDPOINT_URL_GLACIER = before;
    }
    expect(service.asked).toHaveLength(1);
  });

  it('refuses names that no vault can have, before anything is sent', () => {
    for (const name of ['', '.', '..', 'a b', 'a/b', 'ü', 'x'.repeat(256)]) {
      expect(() => service.vault({ vault: name })).toThrow(/cannot be the name of a vault/);
    }
  });
});

describe('lists of a vault', () => {
  it('follow markers to the end', async () => {
    const pages = [
      { UploadsList: [uploadNamed('a'), uploadNamed('b')], Marker: 'two' },
      { UploadsList: [], Marker: 'three/=' },
      { UploadsList: [uploadNamed('c')], Marker: null },
    ];
    service.answer = (_asked, response) => {
      const page = pages[service.asked.length - 1];
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page));
    };
    expect((await collect(vault.listUploads())).map((one) => one.uploadId)).toEqual(['a', 'b', 'c']);
    expect(service.asked.map((asked) => asked.url.split('?')[1])).toEqual([
      undefined,
      'marker=two',
      'marker=three%2F%3D',
    ]);
  });

  it('go on where they were after a page has failed', async () => {
    const pages: Record<string, object> = {
      '': { UploadsList: [uploadNamed('a')], Marker: 'two' },
      'marker=two': { UploadsList: [uploadNamed('b')], Marker: null },
    };
    let failures = 0;
    service.answer = (asked, response, request) => {
      const query = asked.url.split('?')[1] ?? '';
      if (query !== '' && failures++ < 2)
        refuse(500, 'ServiceUnavailableException')(asked, response, request);
      else always(200, {}, JSON.stringify(pages[query]))(asked, response, request);
    };
    const list = vault.listUploads()[Symbol.asyncIterator]();
    expect((await list.next()).value).toMatchObject({ uploadId: 'a' });
    await expectKind(list.next(), 'offline');
    await expectKind(list.next(), 'offline');
    expect((await list.next()).value).toMatchObject({ uploadId: 'b' });
    expect(await list.next()).toEqual({ done: true, value: undefined });
  });

  it('end when the service answers with the same page for ever', async () => {
    service.answer = always(200, {}, JSON.stringify({ UploadsList: [uploadNamed('a')], Marker: 'again' }));
    await expectKind(collect(vault.listUploads()), 'corrupt');
    expect(service.asked).toHaveLength(2);
  });

  it('take a range that is reported one byte too long for the part it is', async () => {
    const Parts = [
      { RangeInBytes: `0-${MIB}`, SHA256TreeHash: 'ab'.repeat(32) },
      { RangeInBytes: `${MIB}-${MIB + 9}`, SHA256TreeHash: 'cd'.repeat(32) },
    ];
    service.answer = always(200, {}, JSON.stringify({ PartSizeInBytes: MIB, Parts, Marker: null }));
    expect((await collect(vault.listParts(upload))).map(({ offset, length }) => [offset, length])).toEqual([
      [0, MIB],
      [MIB, 10],
    ]);
  });

  it('hold jobs of every kind and state', async () => {
    const job = { JobId: 'j', CreationDate: '2026-01-01T00:00:00.000Z', JobDescription: null };
    const jobs = [
      { ...job, Action: 'InventoryRetrieval', StatusCode: 'InProgress', CompletionDate: null },
      {
        ...{
          ...job,
          Action: 'ArchiveRetrieval',
          StatusCode: 'Failed',
          StatusMessage: 'gone',
          ArchiveId: 'x',
        },
        ...{ RetrievalByteRange: '0-9', ArchiveSizeInBytes: 10, CompletionDate: '2026-01-01T04:00:00.000Z' },
      },
    ];
    service.answer = always(200, {}, JSON.stringify({ JobList: jobs, Marker: null }));
    const createdAt = Date.parse(job.CreationDate);
    expect(await collect(vault.listRetrievals())).toEqual([
      {
        ...{ jobId: 'j', description: '', archiveId: null, range: null, state: 'waiting', reason: null },
        ...{ createdAt, completedAt: null },
      },
      {
        ...{ jobId: 'j', description: '', archiveId: 'x', range: null, state: 'failed', reason: 'gone' },
        ...{ createdAt, completedAt: createdAt + 4 * 3600_000 },
      },
    ]);
  });
});

describe('what a vault takes for stored', () => {
  const bytes = randomBytes(1000);
  const right = treeHash(bytes).toString('hex');

  it.each([
    ['another hash', 'ab'.repeat(32), 'corrupt'],
    ['no hash at all', undefined, 'offline'],
    ['something that is no hash', 'abc', 'offline'],
  ] as const)('is never a part answered with %s', async (_name, hash, kind) => {
    service.answer = always(204, hash === undefined ? {} : { 'x-amz-sha256-tree-hash': hash });
    await expectKind(vault.sendPart(upload, partOf(bytes, 0)), kind);
  });

  it.each([
    ['another hash', { 'x-amz-sha256-tree-hash': 'ab'.repeat(32), 'x-amz-archive-id': 'x' }, 'corrupt'],
    ['no hash at all', { 'x-amz-archive-id': 'x' }, 'offline'],
    ['no id', { 'x-amz-sha256-tree-hash': right }, 'offline'],
  ] as const)('is never an archive answered with %s', async (_name, headers, kind) => {
    service.answer = always(201, headers);
    await expectKind(vault.finishUpload(upload, 1000, treeHash(bytes)), kind);
  });

  it('is not what the service itself finds different', async () => {
    service.answer = refuse(
      400,
      'InvalidParameterValueException',
      'Checksum mismatch: expected aa, computed bb',
    );
    await expectKind(vault.sendPart(upload, partOf(bytes, 0)), 'corrupt');
    await expectKind(vault.finishUpload(upload, 1000, treeHash(bytes)), 'corrupt');
  });
});

describe('bytes that a vault gives back', () => {
  const bytes = randomBytes(3000);
  const range = (first: number, end: number, total: number | string): Record<string, string> => ({
    'content-range': `bytes ${first}-${end - 1}/${total}`,
    'content-type': 'application/octet-stream',
  });
  const read = (first: number, end: number) => vault.readRetrieved(job, first, end);

  it('are asked for by range and come with the hash that was sent', async () => {
    const hash = { 'x-amz-sha256-tree-hash': 'ab'.repeat(32) };
    service.answer = always(206, { ...range(1000, 2000, 3000), ...hash }, bytes.subarray(1000, 2000));
    const got = await read(1000, 2000);
    expect(got.bytes.equals(bytes.subarray(1000, 2000))).toBe(true);
    expect(got.treeHash?.toString('hex')).toBe('ab'.repeat(32));
    expect(service.asked[0]?.headers.range).toBe('bytes=1000-1999');
    expect(service.asked[0]?.url).toBe('/-/vaults/photos/jobs/-jobId/output');
  });

  it('may come as a plain 200 when they are asked for from the start and are just as many', async () => {
    service.answer = always(200, {}, bytes);
    expect((await read(0, 3000)).bytes.equals(bytes)).toBe(true);
    await expectKind(read(0, 2000), 'offline');
    await expectKind(read(0, 3001), 'offline');
    await expectKind(read(1, 3000), 'offline');
  });

  it.each([
    ['another range', range(0, 1000, 3000)],
    ['a shorter range', range(1000, 1500, 3000)],
    ['no range', {}],
    ['a range that is none', { 'content-range': 'bytes */3000' }],
  ])('are not taken when the answer has %s', async (_name, headers) => {
    service.answer = always(206, headers, bytes.subarray(1000, 2000));
    await expectKind(read(1000, 2000), 'offline');
  });

  it('are known to be too few when the service says where they end', async () => {
    service.answer = always(206, range(1000, 3000, 3000), bytes.subarray(1000));
    await expectKind(read(1000, 3001), 'corrupt');
  });

  it('are not a web page', async () => {
    const html = { ...range(0, 14, 14), 'content-type': 'text/html; charset=utf-8' };
    service.answer = always(206, html, '<html>hello!</');
    await expectKind(read(0, 14), 'offline');
    service.answer = always(200, { 'content-type': 'text/html' }, '<html>hello!</');
    await expectKind(read(0, 14), 'offline');
  });

  it('are not taken when the line breaks in the middle', async () => {
    service.answer = (_asked, response, request) => {
      response.writeHead(206, { ...range(0, 3000, 3000), 'content-length': '3000' });
      response.write(bytes.subarray(0, 1500), () => setTimeout(() => request.socket.destroy(), 20));
    };
    await expectKind(read(0, 3000), 'offline');
  });

  it('are not taken when there are more than were announced', async () => {
    service.answer = always(206, range(0, 1000, 3000), bytes);
    await expectKind(read(0, 1000), 'offline');
  });
});

describe('an answer that is not the service’s', () => {
  const everything: readonly (readonly [string, (vault: Target) => Promise<unknown>])[] = [
    ['probe', (v) => v.probe()],
    ['create', (v) => v.create()],
    ['beginUpload', (v) => v.beginUpload('a', MIB)],
    ['sendPart', (v) => v.sendPart(upload, partOf(randomBytes(10), 0))],
    ['finishUpload', (v) => v.finishUpload(upload, 10, randomBytes(32))],
    ['abortUpload', (v) => v.abortUpload(upload)],
    ['listUploads', (v) => collect(v.listUploads())],
    ['listParts', (v) => collect(v.listParts(upload))],
    ['requestRetrieval', (v) => v.requestRetrieval(archive, null, 'standard', 'a')],
    ['describeRetrieval', (v) => v.describeRetrieval(job)],
    ['listRetrievals', (v) => collect(v.listRetrievals())],
    ['readRetrieved', (v) => v.readRetrieved(job, 0, 13)],
  ];
  const html = { 'content-type': 'text/html' };

  it.each(everything)('is offline to %s', async (_name, call) => {
    for (const answer of [
      always(200, html, '<html></html>'),
      always(200),
      always(302, { location: 'http://portal.example/' }),
      always(403, html, '<html>blocked</html>'),
      always(404, html, '<html>what?</html>'),
      always(407, html, '<html>proxy</html>'),
      always(502, html, '<html>bad gateway</html>'),
      always(511, html, '<html>sign in</html>'),
    ]) {
      service.answer = answer;
      await expectKind(call(vault), 'offline');
    }
  });

  it.each(everything)('leaves %s offline when the line is cut', async (_name, call) => {
    service.answer = (_asked, _response, request) => request.socket.destroy();
    await expectKind(call(vault), 'offline');
  });
});
function uploadNamed(id: string): object {
  return {
    ...{ MultipartUploadId: id, ArchiveDescription: null, PartSizeInBytes: MIB },
    ...{ VaultARN: 'arn', CreationDate: '2026-01-01T00:00:00.000Z' },
  };
}
