import type { PackRow } from '../catalog/packs.ts';
import { SEGMENT_BYTES } from '../pack/segment.ts';
import { EngineError } from '../failure.ts';
import type { JobId } from '../target/target.ts';
import type { SegmentSource } from './extract.ts';
import type { OrderJob } from './orderJob.ts';

/** Segments straight from a target that answers at once; nothing is kept on the way. */
export function instantSource(job: OrderJob, pack: PackRow): SegmentSource {
  const { target, signal, order } = job;
  const { archiveId } = pack;
  if (archiveId === null) throw new RangeError('a pack that is not stored');
  let asked: Promise<JobId> | null = null;
  return {
    async read(first, end) {
      try {
        asked ??= target.requestRetrieval(archiveId, null, order.tier, `p1.${order.uid}`, signal);
        const range = [first * SEGMENT_BYTES, end * SEGMENT_BYTES] as const;
        return (await target.readRetrieved(await asked, ...range, signal)).bytes;
      } catch (error) {
        throw (await wholeTargetGone(job)) ?? error;
      }
    },
  };
}

/** Tells an archive that is missing from a disk that was unplugged: the one costs its files, the other is waited for. */
async function wholeTargetGone({ target, signal }: OrderJob): Promise<EngineError | undefined> {
  try {
    await target.probe(signal);
    return undefined;
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== 'not-found') return undefined;
    return new EngineError('offline', error.message, 'Connect the disk, then carry the restore on.', {
      safe: 'What is restored stays restored.',
      cause: error,
    });
  }
}
