import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stretchesOf, type WantedFrame } from '../../../../src/main/engine/restore/stretches.ts';
import { segmentsOfBody } from '../../../../src/main/engine/pack/segment.ts';
import { MIB } from '../pack/samplePack.ts';

type FramePlace = WantedFrame['place']['frame'];

function wanted(start: number, stored: number, raw: number): WantedFrame {
  const frame = { key: start, start, stored, raw, codec: 1 } as unknown as FramePlace;
  return { place: { frame } as WantedFrame['place'], chunks: [] };
}

/** Frames in the order in which they lie in a pack, some of those between them not wanted. */
const framesInPack = fc
  .array(
    fc.record({
      gap: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9 * MIB })),
      stored: fc.integer({ min: 1, max: MIB }),
      raw: fc.integer({ min: 1, max: MIB }),
    }),
    { maxLength: 60 },
  )
  .map((list) => {
    let at = 0;
    return list.map(({ gap, stored, raw }) => {
      const frame = wanted(at + gap, stored, raw);
      at += gap + stored;
      return frame;
    });
  });

it('frames are read in stretches: each once and in order, no segment that nobody wants, never too much at a time', () => {
  fc.assert(
    fc.property(framesInPack, (frames) => {
      const stretches = [...stretchesOf(frames)];
      expect(stretches.flatMap((stretch) => stretch.frames)).toEqual(frames);
      for (const { first, end, frames: own } of stretches) {
        const held = new Set<number>();
        let raw = 0;
        for (const { place } of own) {
          const span = segmentsOfBody(place.frame.start, place.frame.start + place.frame.stored);
          for (let n = span.first; n < span.end; n++) held.add(n);
          raw += place.frame.raw;
        }
        expect([...held].sort((a, b) => a - b)).toEqual(
          Array.from({ length: end - first }, (_, i) => first + i),
        );
        expect(end - first).toBeLessThanOrEqual(4);
        expect(raw).toBeLessThanOrEqual(12 * MIB);
      }
    }),
  );
});
