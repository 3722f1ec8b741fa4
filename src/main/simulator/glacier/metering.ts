/** What the vault service tells the bill meter; see the rules in bill/events.ts. */
import type { BillEvent } from '../bill/events.ts';
import { bodyBytes, type Reply } from '../exchange.ts';
import { type Call, param } from './glacier.ts';
import type { ArchiveJob, ArchiveRecord, PartRecord } from './records.ts';

const of = (place: string): { class: 'VAULT'; place: string } => ({ class: 'VAULT', place });

/** Everything that stores is charged as an upload request, whatever it stores. */
export async function meterUpload(call: Call, operation: string): Promise<void> {
  const { clock, meter } = call.glacier;
  const at = clock.serviceNow();
  await meter.add({ kind: 'request', request: 'write', ...of(param(call, 'vault')), at, operation });
}

export function stored(vault: string, { createdAt, id, size }: ArchiveRecord): BillEvent {
  return { kind: 'stored', ...of(vault), at: createdAt, id, bytes: size };
}

export function removed(vault: string, id: string, at: number): BillEvent {
  return { kind: 'removed', ...of(vault), at, id };
}

export function staged(vault: string, upload: string, { bytes, index, storedAt }: PartRecord): BillEvent {
  return { kind: 'staged', ...of(vault), at: storedAt, id: upload, part: index, bytes };
}

export function unstaged(vault: string, upload: string, at: number): BillEvent {
  return { kind: 'unstaged', ...of(vault), at, id: upload };
}

export function retrieval(vault: string, { archiveId, createdAt, first, last, tier }: ArchiveJob): BillEvent {
  const bytes = last - first + 1;
  return {
    kind: 'retrieval',
    ...of(vault),
    at: createdAt,
    operation: 'InitiateJob',
    tier,
    id: archiveId,
    bytes,
  };
}

/** The whole of an answer is charged, even if the client goes away in the middle of it. */
export async function meterOutput(call: Call, reply: Reply): Promise<Reply> {
  const { clock, meter } = call.glacier;
  const at = clock.serviceNow();
  const bytes = bodyBytes(reply);
  await meter.add({ kind: 'sent', ...of(param(call, 'vault')), at, operation: 'GetJobOutput', bytes });
  return reply;
}
