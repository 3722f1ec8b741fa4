import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readInventory,
  type InventoryFormat,
  type ListedArchive,
} from '../../../../src/main/engine/vaults/inventoryReader.ts';

const hash = 'ab'.repeat(32);

/** Reads text that comes in pieces of these lengths, over and over. */
function read(format: InventoryFormat, text: string, lengths: readonly number[] = [1 << 20]) {
  const bytes = Buffer.from(text);
  const reader = readInventory(format);
  const archives: ListedArchive[] = [];
  // One buffer for all pieces, as a socket might use one: the reader may keep none of it.
  const shared = Buffer.alloc(Math.max(...lengths));
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const piece = shared.subarray(0, bytes.copy(shared, 0, at, at + (lengths[i % lengths.length] ?? 1)));
    archives.push(...reader.push(piece));
    at += piece.length;
  }
  archives.push(...reader.end());
  return { archives, head: reader.head() };
}

function entry(archive: ListedArchive): object {
  return {
    ArchiveId: archive.archiveId,
    ArchiveDescription: archive.description,
    CreationDate: new Date(archive.createdAt).toISOString().replace('.000Z', 'Z'),
    Size: archive.size,
    SHA256TreeHash: archive.treeHash,
  };
}

function json(archives: readonly ListedArchive[], space?: number): string {
  const whole = {
    VaultARN: 'arn:aws:glacier:us-east-1:111122223333:vaults/v',
    InventoryDate: '2013-11-06T02:51:29Z',
    ArchiveList: archives.map(entry),
    Unknown: { ArchiveList: [{ deep: '}]"' }], more: [1, [2]] },
  };
  return JSON.stringify(whole, null, space);
}

/** As the service writes it: `\"` for a quote, nothing for a backslash. */
function csv(archives: readonly ListedArchive[], ending: string): string {
  const lines = archives.map(({ archiveId, description, createdAt, size, treeHash }) =>
    [
      archiveId,
      `"${description.replaceAll('"', String.raw`\"`)}"`,
      new Date(createdAt).toISOString(),
      size,
      treeHash,
    ].join(','),
  );
  return ['ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash', ...lines, ''].join(ending);
}

const archive = fc.record({
  archiveId: fc.string({
    unit: fc.constantFrom('A', 'b', '0', '9', '_', '-'),
    minLength: 1,
    maxLength: 138,
  }),
  description: fc.string({ unit: fc.integer({ min: 32, max: 126 }).map((c) => String.fromCharCode(c)) }),
  createdAt: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000),
  size: fc.integer({ min: 0, max: 999_999_999_999_999 }),
  treeHash: fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => Buffer.from(bytes).toString('hex')),
});
const lengths = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 });

describe('an inventory', () => {
  it('in JSON gives its archives however it is cut and laid out', () => {
    fc.assert(
      fc.property(fc.array(archive), lengths, fc.constantFrom(undefined, 2), (archives, cut, space) => {
        const found = read('json', json(archives, space), cut);
        expect(found.archives).toEqual(archives);
        expect(found.head).toEqual({
          arn: 'arn:aws:glacier:us-east-1:111122223333:vaults/v',
          takenAt: Date.UTC(2013, 10, 6, 2, 51, 29),
        });
      }),
    );
  });

  it('in CSV gives its archives, whatever quotes and backslashes are in their descriptions', () => {
    fc.assert(
      fc.property(fc.array(archive), lengths, fc.constantFrom('\n', '\r\n'), (archives, cut, ending) => {
        // The service writes \" for both: nobody can tell a backslash before a quote from an escaped quote.
        const told = archives.map((one) => ({ ...one, description: one.description.replaceAll('\\"', '"') }));
        expect(read('csv', csv(told, ending), cut).archives).toEqual(told);
      }),
    );
  });

  it('takes milliseconds, capitals in hashes, a missing description and unquoted CSV', () => {
    const sent = [
      {
        ArchiveId: '-a_b',
        CreationDate: '2012-05-15T17:21:39.339Z',
        Size: 3,
        SHA256TreeHash: hash.toUpperCase(),
        Extra: [{}],
      },
    ];
    expect(read('json', JSON.stringify({ ArchiveList: sent })).archives).toEqual([
      { archiveId: '-a_b', description: '', createdAt: 1_337_102_499_339, size: 3, treeHash: hash },
    ]);
    const line = `-a_b,x, "y,2012-05-15T17:21:39Z,3,${hash}`;
    expect(
      read('csv', `ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\n${line}`),
    ).toMatchObject({
      archives: [{ archiveId: '-a_b', description: 'x, "y', size: 3 }],
    });
  });

  const good = json([
    { archiveId: 'a', description: '"', createdAt: 0, size: 1, treeHash: hash },
    { archiveId: 'b', description: '\\', createdAt: 0, size: 1, treeHash: hash },
  ]);

  it('that is cut off anywhere is refused', () => {
    for (let end = 0; end < good.length; end++) {
      expect(() => read('json', good.slice(0, end))).toThrow('not the inventory');
    }
  });

  it.each([
    ['no list', '{"VaultARN":"x"}'],
    ['a list of other things', '{"ArchiveList":[1]}'],
    ['no comma', good.replace('},{', '}{')],
    ['two commas', good.replace('},{', '},,{')],
    ['a comma at the end', good.replace('}],', '},],')],
    ['an unclosed entry', good.replace('},{', ',{')],
    ['a negative size', good.replace('"Size":1', '"Size":-1')],
    ['a size beyond counting', good.replace('"Size":1', '"Size":1e300')],
    ['a size in words', good.replace('"Size":1', '"Size":"1"')],
    ['an id that is a path', good.replace('"a"', '"../a"')],
    ['no date', good.replace('1970-01-01T00:00:00Z', 'yesterday')],
    ['a short hash', good.replace(hash, 'ab')],
    ['an endless entry', `{"ArchiveList":[{"ArchiveId":"${'a'.repeat(1 << 20)}`],
    ['endless surroundings', `{"VaultARN":"${'a'.repeat(1 << 20)}`],
    ['a web page', '<html><body>Sign in</body></html>'],
    ['nothing', ''],
  ])('with %s is refused', (_what, text) => {
    expect(() => read('json', text)).toThrow('not the inventory');
  });

  it.each([
    ['another head', 'Name,Size\n'],
    ['a short line', `ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\na,b\n`],
    ['an endless line', `ArchiveId,ArchiveDescription\n${'a'.repeat(1 << 20)}`],
    ['nothing', ''],
  ])('in CSV with %s is refused', (_what, text) => {
    expect(() => read('csv', text)).toThrow('not the inventory');
  });

  it('of anything at all is read or refused, never a surprise', () => {
    const token = fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '"ArchiveList"', '1', ' ', 'x');
    fc.assert(
      fc.property(fc.array(token, { maxLength: 30 }), lengths, (tokens, cut) => {
        try {
          read('json', tokens.join(''), cut);
        } catch (error) {
          expect(error).toMatchObject({ kind: 'corrupt' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
