/**
 * Checksums of objects and parts: which there are, how clients state them, and how those of parts make an object's.
 *
 * A checksum of a multipart object is of one of two types. FULL_OBJECT is what one pass over the object would give,
 * which can be worked out from those of the parts only for CRCs. COMPOSITE is the checksum of the checksums of the
 * parts, and says so by the number of parts after a hyphen.
 */
import { createHash, hash } from 'node:crypto';
import { combineCrcs, type CrcAlgorithm, newCrc } from './crc.ts';
import { badRequest } from './errors.ts';

export const algorithms = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;
export type Algorithm = (typeof algorithms)[number];

export type ChecksumType = 'COMPOSITE' | 'FULL_OBJECT';

/** What an object's checksum is, as records keep it. */
export interface Checksum {
  readonly algorithm: Algorithm;
  readonly type: ChecksumType;
  /** Base64, with `-parts` if composite. */
  readonly value: string;
}

interface Digester {
  update(bytes: Buffer): void;
  digest(): Buffer;
}

const digestBytes: Readonly<Record<Algorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

export function newDigester(algorithm: Algorithm): Digester {
  if (isCrc(algorithm)) return newCrc(algorithm);
  const sha = createHash(algorithm);
  return { update: (bytes) => sha.update(bytes), digest: () => sha.digest() };
}

function isCrc(algorithm: Algorithm): algorithm is CrcAlgorithm {
  return algorithm.startsWith('CRC');
}

export function checksumHeader(algorithm: Algorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

export function checksumElement(algorithm: Algorithm): string {
  return `Checksum${algorithm}`;
}

/** The headers that tell a checksum. */
export function checksumHeaders({ algorithm, type, value }: Checksum): Record<string, string> {
  return { [checksumHeader(algorithm)]: value, 'x-amz-checksum-type': type };
}

/** Reads the name of an algorithm. @throws S3Error 400 */
export function checkedAlgorithm(name: string): Algorithm {
  const known = algorithms.find((each) => each === name.toUpperCase());
  if (known === undefined) throw badRequest('Checksum algorithm provided is unsupported.');
  return known;
}

/** Reads a checksum of one body in base64. @throws S3Error 400 */
export function checkedValue(algorithm: Algorithm, value: string): string {
  if (!/^[A-Za-z\d+/]+=*$/.test(value) || Buffer.from(value, 'base64').length !== digestBytes[algorithm])
    throw badRequest(`Value for ${checksumHeader(algorithm)} header is invalid.`);
  return value;
}

/** The type of a multipart object's checksum, of what its algorithm allows. @throws S3Error 400 */
export function checkedType(algorithm: Algorithm, wanted: string | undefined): ChecksumType {
  const usual = algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE';
  if (wanted === undefined || wanted === usual) return usual;
  if (wanted !== 'FULL_OBJECT' && wanted !== 'COMPOSITE')
    throw badRequest('Value for x-amz-checksum-type header is invalid.');
  if (!isCrc(algorithm) || algorithm === 'CRC64NVME')
    throw badRequest(
      `The ${wanted} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  return wanted;
}

/** The checksum of an object from those of its parts in order. */
export function combineChecksums(
  algorithm: Algorithm,
  type: ChecksumType,
  parts: readonly { readonly checksum: string; readonly bytes: number }[],
): Checksum {
  const pieces = parts.map(({ checksum, bytes }) => ({ digest: Buffer.from(checksum, 'base64'), bytes }));
  if (type === 'FULL_OBJECT' && isCrc(algorithm))
    return { algorithm, type, value: combineCrcs(algorithm, pieces).toString('base64') };
  const digester = newDigester(algorithm);
  for (const { digest } of pieces) digester.update(digest);
  return {
    algorithm,
    type: 'COMPOSITE',
    value: `${digester.digest().toString('base64')}-${parts.length}`,
  };
}

/** The ETag of a multipart object, without quotes, from the hex MD5s of its parts. */
export function combineEtags(md5s: readonly string[]): string {
  return `${hash('md5', Buffer.from(md5s.join(''), 'hex'))}-${md5s.length}`;
}
