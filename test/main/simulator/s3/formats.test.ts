import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineChecksums, newDigester } from '../../../../src/main/simulator/s3/checksums.ts';
import { combineCrcs, newCrc } from '../../../../src/main/simulator/s3/crc.ts';
import { child, childText, parseXml, tag, wrap } from '../../../../src/main/simulator/s3/xml.ts';

const crcs = ['CRC32', 'CRC32C', 'CRC64NVME'] as const;
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

function digestOf(algorithm: (typeof crcs)[number], ...pieces: readonly Buffer[]): Buffer {
  const crc = newCrc(algorithm);
  for (const piece of pieces) crc.update(piece);
  return crc.digest();
}

describe('a CRC', () => {
  it.each([
    ['CRC32', '123456789', 'cbf43926'],
    ['CRC32C', '123456789', 'e3069283'],
    ['CRC64NVME', '123456789', 'ae8b14860a799888'],
    ['CRC32C', '\0'.repeat(32), '8a9136aa'],
    ['CRC32', '', '00000000'],
    ['CRC64NVME', '', '0000000000000000'],
  ] as const)('%s of %j is %s', (algorithm, text, expected) => {
    expect(digestOf(algorithm, Buffer.from(text)).toString('hex')).toBe(expected);
  });

  it('of 32 bits in tables is that of zlib', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        expect(digestOf('CRC32', data).readUInt32BE()).toBe(crc32(data));
      }),
    );
  });

  it.each(crcs)('%s does not depend on how the data was cut', (algorithm) => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (pieces) => {
        const whole = digestOf(algorithm, Buffer.concat(pieces));
        expect(digestOf(algorithm, ...pieces)).toEqual(whole);
        const summed = pieces.map((piece) => ({ digest: digestOf(algorithm, piece), bytes: piece.length }));
        expect(combineCrcs(algorithm, summed)).toEqual(whole);
      }),
    );
  });

  it.each(crcs)('%s does not depend on where in memory the data lies', (algorithm) => {
    fc.assert(
      fc.property(bytes, fc.nat(7), (data, shift) => {
        const shifted = Buffer.concat([Buffer.alloc(shift), data]).subarray(shift);
        expect(digestOf(algorithm, shifted)).toEqual(
          digestOf(algorithm, ...Array.from(data, (byte) => Buffer.of(byte))),
        );
      }),
    );
  });

  it('of ten thousand parts is summed without reading them', () => {
    const piece = { digest: digestOf('CRC64NVME', Buffer.alloc(5)), bytes: 5 };
    const summed = combineCrcs(
      'CRC64NVME',
      Array.from({ length: 10_000 }, () => piece),
    );
    expect(summed).toEqual(digestOf('CRC64NVME', Buffer.alloc(50_000)));
  });
});

describe('a composite checksum', () => {
  it('is the checksum of the checksums, and tells how many', () => {
    const parts = ['a', 'b', 'c'].map((text) => ({
      checksum: createHash('sha256').update(text).digest('base64'),
      bytes: 1,
    }));
    const sha = createHash('sha256');
    for (const { checksum } of parts) sha.update(Buffer.from(checksum, 'base64'));
    expect(combineChecksums('SHA256', 'COMPOSITE', parts).value).toBe(`${sha.digest('base64')}-3`);
    const crc = newDigester('CRC32');
    for (const { checksum } of parts) crc.update(Buffer.from(checksum, 'base64').subarray(0, 4));
    const short = parts.map((part) => ({
      ...part,
      checksum: Buffer.from(part.checksum, 'base64').subarray(0, 4).toString('base64'),
    }));
    expect(combineChecksums('CRC32', 'COMPOSITE', short).value).toBe(`${crc.digest().toString('base64')}-3`);
  });
});

describe('XML', () => {
  it('holds any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (one, other) => {
        const root = parseXml(wrap('A', tag('B', one), wrap('C', tag('D', other))));
        expect(root.children[0]?.text).toBe(one);
        expect(child(root, 'C')?.children[0]?.text).toBe(other);
      }),
    );
  });

  it('is read as clients write it', () => {
    const root = parseXml(
      '\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<!-- a --><n:Root xmlns:n="http://x" a=\'1\'>\n <Empty/><!-- <b> -->' +
        '<V x="&lt;">&#65;&#x42;&amp;<![CDATA[<&>]]></V ></n:Root>\n',
    );
    expect(root.name).toBe('Root');
    expect(root.children.map(({ name }) => name)).toEqual(['Empty', 'V']);
    expect(childText(root, 'V')).toBe('AB&<&>');
    expect(childText(root, 'None')).toBeUndefined();
  });

  it.each([
    '',
    'text',
    '<a>',
    '<a></b>',
    '<a><b></a></b>',
    '<a/><b/>',
    '<a>&unknown;</a>',
    '<a>&</a>',
    '<a>&#x110000;</a>',
    '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    '<a b=1/>',
    '<a><!-- </a>',
    `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`,
  ])('%j is none', (text) => {
    expect(() => parseXml(text)).toThrow(SyntaxError);
  });
});
