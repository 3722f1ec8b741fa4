/**
 * Tells topics that jobs have ended.
 *
 * Like all else here an end does not happen, it is found: whenever somebody asks the service anything (and now and
 * then besides, for those who only listen) the ends that are due and not yet published are, in their order. Message
 * and mark of the job go into the journal as one line, so each end is published once whatever happens. A change of
 * a vault's notifications is itself a request, and so comes after all ends before it.
 */
import { randomUUID } from 'node:crypto';
import type { Listener } from '../snsListener.ts';
import type { Glacier } from './glacier.ts';
import { jobJson } from './jobs.ts';
import type { Change, JobEvent, JobRecord, MessageRecord, State, Vault } from './records.ts';

export interface Publisher {
  /** Resolves when all that is due now has been published. */
  publishDue(): Promise<void>;
  /** The newest messages, oldest first, with all that is due now. */
  messages(): Promise<readonly MessageRecord[]>;
  /** Stops looking, and waits for what is under way. */
  close(): Promise<void>;
}

/** Real ms between two looks when nobody asks. */
const LOOK_EVERY_MS = 200;

/** `listener`, if there is one, gets each message once it is in the journal, and is closed with the publisher. */
export function openPublisher(glacier: Glacier, listener: Listener | null): Publisher {
  let running = Promise.resolve();
  const publishDue = (): Promise<void> => {
    // One at a time: two would find the same ends.
    running = running.catch(() => undefined).then(() => publish(glacier, listener));
    return running;
  };
  const timer = setInterval(() => void publishDue().catch(() => undefined), LOOK_EVERY_MS);
  timer.unref();
  return {
    publishDue: () => (dueJobs(glacier).length === 0 ? Promise.resolve() : publishDue()),
    messages: async () => {
      await publishDue();
      return [...glacier.store.state.messages.values()];
    },
    close: async () => {
      clearInterval(timer);
      await running.catch(() => undefined);
      await listener?.close();
    },
  };
}

interface Due {
  readonly vault: Vault;
  readonly job: JobRecord;
}

async function publish(glacier: Glacier, listener: Listener | null): Promise<void> {
  const { clock, store } = glacier;
  const due = dueJobs(glacier);
  if (due.length === 0) return;
  const messages: MessageRecord[] = [];
  for (const { topics, ...end } of due.map(withTopics)) {
    if (topics.length === 0) continue;
    const message = JSON.stringify(await jobJson(glacier, end.vault, end.job));
    for (const topic of topics) messages.push({ id: randomUUID(), topic, at: end.job.completesAt, message });
  }
  // All of this in one go: while the messages were written, jobs and vaults may have been changed, or dropped.
  const at = clock.serviceNow();
  const marks = due.flatMap((end) => markOf(store.state, end, at));
  await store.commit(at, [...messages.map((message) => ({ put: 'message', message }) as const), ...marks]);
  for (const message of messages) listener?.deliver(message);
}

/** That the end is published, on the job as it is now; nothing if there is no such job any more. */
function markOf({ vaults }: State, { job: { id }, vault }: Due, at: number): Change[] {
  const of = vault.record.name;
  const job = vaults.get(of)?.jobs.get(id);
  return job === undefined ? [] : [{ put: 'job', of, job: { ...job, publishedAt: at } }];
}

function dueJobs({ clock, store }: Glacier): Due[] {
  const now = clock.serviceNow();
  const due: Due[] = [];
  for (const vault of store.state.vaults.values()) {
    for (const job of vault.jobs.values())
      if (job.publishedAt === undefined && job.completesAt <= now) due.push({ vault, job });
  }
  return due.sort((a, b) => a.job.completesAt - b.job.completesAt);
}

/**
 * With the vault's topic and the job's own, as they are when the end is found. Each gets a message of its own, even if
 * they are the same.
 */
function withTopics({ vault, job }: Due): Due & { readonly topics: readonly string[] } {
  const { notifications } = vault.settings;
  const event: JobEvent =
    job.kind === 'archive' ? 'ArchiveRetrievalCompleted' : 'InventoryRetrievalCompleted';
  const ofVault = notifications?.events.includes(event) === true ? notifications.topic : null;
  return { vault, job, topics: [ofVault, job.snsTopic].filter((topic) => topic !== null) };
}
