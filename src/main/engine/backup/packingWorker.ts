/** A packing thread: does what the pool orders, one order after another, and reports. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { ChunkIndex } from '../chunk/chunkIndex.ts';
import { toFailure } from '../failure.ts';
import { collectEvery } from '../garbage.ts';
import { reviveKeys } from '../keys/masterKey.ts';
import { PackingChain } from './packingChain.ts';
import { FilePacker } from './packingFile.ts';
import {
  decodeFiles,
  encodePacked,
  Gate,
  type Order,
  type Report,
  type WorkerStart,
} from './packingMessages.ts';

/** Dead buffers that a thread may let pile up. Measured: two threads take 100 MiB less for it, and no more time. */
const GARBAGE_BYTES = 8 * 1024 * 1024;

/** Thrown through chain and file when the pool no longer wants what comes of them. */
class Stopped extends Error {}

function work(start: WorkerStart, port: MessagePort): void {
  collectEvery(GARBAGE_BYTES);
  const gate = new Gate(start.gate);
  const mayGoOn = (): void => {
    if (gate.isStopped) throw new Stopped();
  };
  const report = (message: Report, handedOver: ArrayBuffer[] = []): void =>
    port.postMessage(message, handedOver);
  const chain = new PackingChain(optionsFrom(start), (pack) => {
    // The next pack may take up space on disk only when this one is taken care of.
    report({ kind: 'sealed', pack });
    gate.wait();
    mayGoOn();
  });
  const packer = new FilePacker(chain, mayGoOn);

  port.on('message', (order: Order) => {
    try {
      mayGoOn();
      obey(order, chain, packer, report);
    } catch (error) {
      if (!(error instanceof Stopped)) report({ kind: 'failed', failure: toFailure(error) });
      // Without its port nothing keeps the thread alive, and what is still in the port is not looked at.
      port.close();
      chain.abandon();
    }
  });
}

function obey(
  order: Order,
  chain: PackingChain,
  packer: FilePacker,
  report: (message: Report, handedOver?: ArrayBuffer[]) => void,
): void {
  switch (order.kind) {
    case 'files': {
      const files = encodePacked(decodeFiles(order.files).map((file) => packer.packFile(file)));
      report({ kind: 'files', files }, [files.rows.buffer, files.runs.buffer, files.hashes.buffer]);
      return;
    }
    case 'stripe':
      report({ kind: 'stripe', stripe: packer.packStripe(order.stripe) });
      return;
    case 'finish':
      chain.finish();
      report({ kind: 'finished' });
      return;
    case 'end':
      throw new Stopped();
  }
}

function optionsFrom({ keys, writer, stagingDir, packBytes, index }: WorkerStart) {
  const own = { keys: reviveKeys(keys), writer: Buffer.from(writer), index: new ChunkIndex(index) };
  return { ...own, stagingDir, packBytes };
}

if (parentPort !== null) work(workerData as WorkerStart, parentPort);
