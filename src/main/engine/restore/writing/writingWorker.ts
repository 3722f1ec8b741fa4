/** A writing thread: does one task after another, and reports. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { toFailure } from '../../failure.ts';
import { collectEvery } from '../../garbage.ts';
import { holdShared } from './folderHandle.ts';
import { TaskWriter } from './writeTask.ts';
import type { Report, WritingStart, WritingTask } from './writingTask.ts';

/** Dead buffers that a thread may let pile up. */
const GARBAGE_BYTES = 8 * 1024 * 1024;

function work({ temporary, wishes }: WritingStart, port: MessagePort): void {
  collectEvery(GARBAGE_BYTES);
  const writer = new TaskWriter(holdShared(temporary), wishes);
  port.on('message', (task: WritingTask) => {
    let report: Report;
    try {
      report = { kind: 'written', written: writer.write(task) };
    } catch (error) {
      report = { kind: 'failed', failure: toFailure(error) };
    }
    port.postMessage(report);
  });
}

if (parentPort !== null) work(workerData as WritingStart, parentPort);
