/**
 * Known answers, asked at each start: a crypto library that computes something else (another build, another system, a
 * broken CPU) must be found out before it seals anything, not on the day of a restore. Takes a few milliseconds.
 */
import { findCut, gearTable } from '../chunk/gear.ts';
import { gcmOpen, gcmSeal, hkdf, hmac, prepareKey } from '../crypto.ts';
import { EngineError } from '../failure.ts';
import { treeHash } from '../upload/treeHash.ts';
import { argon2id } from './argon2.ts';

interface KnownAnswer {
  readonly what: string;
  readonly compute: () => string | Promise<string>;
  readonly answer: string;
}

const nothing = Buffer.alloc(0);

const knownAnswers: readonly KnownAnswer[] = [
  {
    what: 'HKDF', // RFC 5869, test case 3
    compute: () => hkdf(Buffer.alloc(22, 0x0b), nothing, nothing, 42).toString('hex'),
    answer: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  },
  {
    what: 'HMAC', // RFC 4231, test case 1
    compute: () => hmac(prepareKey(Buffer.alloc(20, 0x0b)), Buffer.from('Hi There')).toString('hex'),
    answer: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    what: 'AES-GCM', // GCM specification, test cases 13 and 14
    compute: gcmAnswer,
    answer: 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    what: 'Argon2id', // as OpenSSL's
    compute: argon2Answer,
    answer: '709a3aec40467ceaf83a79a90d38394bcc7a8bf4691caa44fc2785c1b48419b7',
  },
  { what: 'the chunker', compute: chunkerAnswer, answer: '280102' },
  {
    what: 'the tree hash', // 2.5 MiB of `a`
    compute: () => treeHash(Buffer.alloc(2.5 * 1024 * 1024, 'a')).toString('hex'),
    answer: 'dd02e6cd3b8cf26ca37630cf686b0f0a620499d8707218bacb9479cd80af9af6',
  },
];

/** @throws EngineError `unsupported`, naming what gives a wrong answer */
export async function selfTest(): Promise<void> {
  for (const { what, compute, answer } of knownAnswers) {
    const computed = await compute();
    if (computed === answer) continue;
    throw new EngineError(
      'unsupported',
      `This computer works out ${what} wrongly, so nothing can be sealed or opened on it.`,
      'Install Permafrost again; if that does not help, check the memory of this computer.',
      { safe: 'Nothing was written.' },
    );
  }
}

async function argon2Answer(): Promise<string> {
  const salt = Buffer.from('0123456789abcdef');
  const cost = { memoryKiB: 64, passes: 2, lanes: 1 };
  return (await argon2id({ password: 'permafrost', salt, ...cost, length: 32 })).toString('hex');
}

function gcmAnswer(): string {
  const key = prepareKey(Buffer.alloc(32));
  const nonce = Buffer.alloc(12);
  const { ciphertext, tag } = gcmSeal(key, nonce, nothing, Buffer.alloc(16));
  const opened = gcmOpen(key, nonce, nothing, ciphertext, tag);
  if (opened === null || !opened.equals(Buffer.alloc(16))) return 'does not open what it sealed';
  return Buffer.concat([ciphertext, tag]).toString('hex');
}

function chunkerAnswer(): string {
  const pieces = Array.from({ length: 60 }, (_, i) =>
    hkdf(Buffer.from([i]), nothing, Buffer.from('chunker'), 8160),
  );
  const bytes = Buffer.concat(pieces);
  return String(findCut(gearTable(Buffer.alloc(32, 7)), bytes, 0, bytes.length));
}
