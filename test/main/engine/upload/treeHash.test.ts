import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LEAF_BYTES,
  LeafHasher,
  isPartSize,
  leavesIn,
  leavesOf,
  partRoots,
  treeHash,
  treeHashOfLeaves,
} from '../../../../src/main/engine/upload/treeHash.ts';

const MIB = LEAF_BYTES;

/** Byte i is i mod 251. */
function pattern(length: number): Buffer {
  const cycle = Buffer.from(Uint8Array.from({ length: 251 }, (_, i) => i));
  return Buffer.alloc(length, cycle);
}

/** Input, linear SHA-256, tree hash. */
const known: readonly (readonly [string, () => Buffer, string, string])[] = [
  [
    'empty',
    () => Buffer.alloc(0),
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  ],
  [
    'a',
    () => Buffer.from('a'),
    'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
    'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
  ],
  [
    'bar',
    () => Buffer.from('bar'),
    'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9',
    'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9',
  ],
  [
    'hello world',
    () => Buffer.from('hello world'),
    'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
    'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
  ],
  [
    'a × (1 MiB − 1)',
    () => Buffer.alloc(1048575, 'a'),
    '3311ea1faad557de3899e89a39076c69d9d0cc5b4cff56a0b61339f487395d56',
    '3311ea1faad557de3899e89a39076c69d9d0cc5b4cff56a0b61339f487395d56',
  ],
  [
    'a × 1 MiB',
    () => Buffer.alloc(1048576, 'a'),
    '9bc1b2a288b26af7257a36277ae3816a7d4f16e89c1e7e77d0a5c48bad62b360',
    '9bc1b2a288b26af7257a36277ae3816a7d4f16e89c1e7e77d0a5c48bad62b360',
  ],
  [
    '0x00 × 1 MiB',
    () => Buffer.alloc(1048576),
    '30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58',
    '30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58',
  ],
  [
    'a × (1 MiB + 1)',
    () => Buffer.alloc(1048577, 'a'),
    '4a3f0c0c213adea174f9a3d4c13177315b588bdb2e9c1012d3d0bf0453ca0f6a',
    '8dd49bbc6297567fac3852c2deddcdbc57358bc403c10d4f6dc64b143ad9b27b',
  ],
  [
    'a × 2 MiB',
    () => Buffer.alloc(2097152, 'a'),
    '5256ec18f11624025905d057d6befb03d77b243511ac5f77ed5e0221ce6d84b5',
    '560c2c9333c719cb00cfdffee3ba293db17f58743cdd1f7e4055373ae6300afa',
  ],
  [
    'a × 3 MiB',
    () => Buffer.alloc(3145728, 'a'),
    '6f850bc94ae6f7de14297c01616c36d712d22864497b28a63b81d776b035e656',
    '70239f4f2ead7561f69d48b956b547edef52a1280a93c262c0b582190be7db17',
  ],
  [
    'a × 3.5 MiB',
    () => Buffer.alloc(3670016, 'a'),
    '34c8bdd269f89a091cf17d5d23503940e0abf61c4b6544e42854b9af437f31bb',
    'daede4eb580f914dacd5e0bdf7015c937fd615c1e6c6552d25cb04a8b7219828',
  ],
  [
    'abc × 1,234,567',
    () => Buffer.alloc(3_703_701, 'abc'),
    '767e355399611936993958f2e3a149fe02c4dd7c6810335439c0de2320684d00',
    '5a245eddef1227623912286af0a6dd6f1a3cd67ad3d768c1490c2f8a0fafeca9',
  ],
  [
    'a × 4 MiB',
    () => Buffer.alloc(4194304, 'a'),
    '299285fc41a44cdb038b9fdaf494c76ca9d0c866672b2b266c1a0c17dda60a05',
    '9491cb2ed1d4e7cd53215f4017c23ec4ad21d7050a1e6bb636c4f67e8cddb844',
  ],
  [
    'a × (4 MiB + 20)',
    () => Buffer.alloc(4194324, 'a'),
    '1db6545ae7a5cea9392b4b14d3a6f798c989ee386114d6d2e951c13abcd74e11',
    '12f3cbd6101b981cde074039f6f728071da8879d6f632de8afc7cdf00661b08f',
  ],
  [
    'a × 5 MiB',
    () => Buffer.alloc(5242880, 'a'),
    'a29968fad2e782aa9f2040a35f05adb97ed8979eb1f572c8c8ea78637e275f3c',
    '1ca676a2caf9791fcf24580c2c6f9b051ebbf689720da6ff8c41f2d01cdde5ea',
  ],
  [
    '0x00 × 5.5 MiB',
    () => Buffer.alloc(5767168),
    '733cf513448ce6b20ad1bc5e50eb27c06aefae0c320713a5dd99f4e51bc1ca60',
    'a3a82dbe3644dd6046be472f2e3ec1f8ef47f8f3adb86d0de4de7a254f255455',
  ],
  [
    'ASCII 0 × 5.5 MiB',
    () => Buffer.alloc(5767168, '0'),
    '68aff0c5a91aa0491752bfb96e3fef33eb74953804f6a2f7b708d5bcefa8ff6b',
    '154e26c78fd74d0c2c9b3cc4644191619dc4f2cd539ae2a74d5fd07957a3ee6a',
  ],
  [
    'a × 8 MiB',
    () => Buffer.alloc(8388608, 'a'),
    'ad97f87076920684e2ca66fc44e5d322797dc9d64706b174e51b5d0828937043',
    'c87a460c93d4a8ffcf09a9a236cc17a486d7ed8a1a2f48e9c361c5f7ac0f1280',
  ],
  [
    'ASCII 0 × 256 KiB',
    () => Buffer.alloc(262144, '0'),
    '6faefade5a638cd3545d638dd5754763658e32209e69420cb559b7650d4bf93a',
    '6faefade5a638cd3545d638dd5754763658e32209e69420cb559b7650d4bf93a',
  ],
  [
    'pat(1 MiB)',
    () => pattern(1048576),
    '631b84027d6b9e52b539c4e8373622d23032dfadc64d60af87339c9037e4f769',
    '631b84027d6b9e52b539c4e8373622d23032dfadc64d60af87339c9037e4f769',
  ],
  [
    'pat(1 MiB + 1)',
    () => pattern(1048577),
    '5769f52bc3eef28afa39c6fc68cadb7d0bd69812ae3a3d71452f519ec3c7aa56',
    'a9c574ce937d2371daf87cdd0e75396b096d7f74a66c764e4c656bd12b2e7bf9',
  ],
  [
    'pat(2 MiB)',
    () => pattern(2097152),
    '1e075c8d478ad21844e33e830a695ef03a4d2488b69ee275bd8947618bb1be1e',
    'bf4dff263ae686b64403208c35a3767e38453d6477e841947588d13d04e1d816',
  ],
  [
    'pat(3.5 MiB)',
    () => pattern(3670016),
    'a8cd3d19bbc147bbaaf8176c6d62f1f9e68e01c2a08ba269dee55b3ce3ae8a5f',
    '390f48176c50ae5a31f92724791e509d8f66d26ba3305714d153f6d01be83289',
  ],
  [
    'pat(5 MiB)',
    () => pattern(5242880),
    '16b632f11cf950dda67dc4c184a3f9e0aa1ffa4c18927bb8977e7da97ca25bca',
    '1eccd0ca741241ce114bde6d24a8de044ccee139ef6651bec9006d2f558751ef',
  ],
  [
    'pat(6.5 MiB)',
    () => pattern(6815744),
    'c05bf74d8dfb7c1a1c0e851433c0c8aba70641b14348d1f0fbc1ca560d0a2192',
    '8bcaa7b4b8f991ca140f306627f2c4e84601364cde8e054b6e0924433ca7482f',
  ],
  [
    'pat(7 MiB)',
    () => pattern(7340032),
    'c0c49a419ecae55243613a85dc1e1cb5ec9d5a51d5f439a8c16eb7ff0b139920',
    '8bfce57c6a4076b3e930e725fbaa00beeffff0f0d9a6491a89a53baa73b4810d',
  ],
  [
    'pat(16 MiB + 1)',
    () => pattern(16777217),
    '4f0d26681f3c27a767c8e643f3ab9208de29d96ca7119774c559d27cfa4697f8',
    '395c8eef3b1dd569b7af87d4e9d75656da53aa2f014cfbb60a9e6112cf65922f',
  ],
  [
    'pat(33 MiB)',
    () => pattern(34603008),
    '6e86f042800ad404951f02845360a0660f13814b2b782a53af20945b6608dbb3',
    '77673000b4c20a28d8358785dcf0bb076d0ab026267e04b498b0c742475fb248',
  ],
];

/** Every node of the tree over pattern(6.5 MiB): first leaf, end leaf, hash. */
const nodes: readonly (readonly [number, number, string])[] = [
  [0, 1, '631b84027d6b9e52b539c4e8373622d23032dfadc64d60af87339c9037e4f769'],
  [0, 2, 'bf4dff263ae686b64403208c35a3767e38453d6477e841947588d13d04e1d816'],
  [1, 2, '729b9155f00261a681000ccd0ff20e750ed3d525b5b1e6fc961837a3bb666fd6'],
  [2, 4, '9e217b1ceb8db81071f9c6e4a2bf0401a83491d10751ce858a2628f5d699dbdb'],
  [2, 3, 'c85ef98b88946506e2c5488c04b97d86b5ec214add104d4849a3145f5e49fd65'],
  [4, 6, '3f1cd462b63cf286198c3f2ee91cf116dfed51d327686dca0fb06ba94a4ae759'],
  [3, 4, 'fb424e06b1bcfa4abe6862ffbb279614d06fd76af7f0a9015d05943c19ff3bc7'],
  [0, 4, 'c7d749cd55cefa8ed8fbc208202e18d019b7701f29886f7c5d662d77b3903833'],
  [4, 5, '913ce5b1447d28935c8acc3bc64add33b4c092c1eda4d6913e42f41f57b73b11'],
  [4, 7, '3e997f13ddc355e8a55035672d60ba90275ece6485044b3616a0966e2b895fc1'],
  [5, 6, '0c6cb13dd57281eb061a856c0c6b121aed3ef04e8d94ea989e4fd5f3918a4f20'],
  [0, 7, '8bcaa7b4b8f991ca140f306627f2c4e84601364cde8e054b6e0924433ca7482f'],
  [6, 7, 'c9fed994db0d8e2e5b7d603f40c18613d1f545288928a52ee9d2b2e2375f7160'],
];

describe('tree hash', () => {
  it.each(known)('has the known value for %s', (_name, make, linear, tree) => {
    const bytes = make();
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(linear);
    expect(treeHash(bytes).toString('hex')).toBe(tree);
  });

  it.each(nodes)('has the known node [%i, %i) of 6.5 MiB', (first, end, hex) => {
    const size = 6.5 * MIB;
    const leaves = leavesOf(pattern(size));
    expect(treeHashOfLeaves(leavesIn(leaves, first * MIB, Math.min(end * MIB, size))).toString('hex')).toBe(
      hex,
    );
  });

  it('combines the roots of parts of any legal size to the root of the whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 9 }), (count, power) => {
        const leaves = rowOfLeaves(count);
        expect(treeHashOfLeaves(partRoots(leaves, MIB * 2 ** power))).toEqual(treeHashOfLeaves(leaves));
      }),
    );
  });

  it('equals the recursive definition', () => {
    for (let count = 1; count <= 130; count++) {
      const leaves = rowOfLeaves(count);
      expect(treeHashOfLeaves(leaves)).toEqual(recursiveRoot(leaves));
    }
  });

  it('does not depend on how the bytes were cut on arrival', () => {
    const bytes = pattern(2 * MIB + 77_777);
    const whole = leavesOf(bytes);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 }), (cuts) => {
        const borders = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const hasher = new LeafHasher();
        for (let i = 1; i < borders.length; i++) hasher.update(bytes.subarray(borders[i - 1], borders[i]));
        expect(hasher.leaves()).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });

  it('leaves the nodes it was given as they were', () => {
    const leaves = rowOfLeaves(5);
    const before = Buffer.from(leaves);
    treeHashOfLeaves(leaves);
    expect(leaves).toEqual(before);
  });

  it('refuses a row that is not made of nodes', () => {
    expect(() => treeHashOfLeaves(Buffer.alloc(0))).toThrow(RangeError);
    expect(() => treeHashOfLeaves(Buffer.alloc(33))).toThrow(RangeError);
    expect(() => partRoots(rowOfLeaves(4), 3 * MIB)).toThrow(RangeError);
    expect(() => leavesIn(rowOfLeaves(4), 1, MIB)).toThrow(RangeError);
    expect(() => leavesIn(rowOfLeaves(4), MIB, 5 * MIB)).toThrow(RangeError);
  });
});

it('takes as part sizes exactly 1 MiB times a power of two up to 4 GiB', () => {
  const sizes = Array.from({ length: 9000 }, (_, i) => i * (MIB / 2)).filter(isPartSize);
  expect(sizes).toEqual(
    Array.from({ length: 13 }, (_, power) => MIB * 2 ** power).filter((size) => size < 4500 * MIB),
  );
  expect(isPartSize(MIB + 1)).toBe(false);
});

function rowOfLeaves(count: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => createHash('sha256').update(`leaf ${i}`).digest()),
  );
}

/** The other way to say it: split at the largest power of two below the number of leaves. */
function recursiveRoot(leaves: Buffer): Buffer {
  const count = leaves.length / 32;
  if (count === 1) return leaves;
  const left = 2 ** (Math.ceil(Math.log2(count)) - 1) * 32;
  return createHash('sha256')
    .update(recursiveRoot(leaves.subarray(0, left)))
    .update(recursiveRoot(leaves.subarray(left)))
    .digest();
}
