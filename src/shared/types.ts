/**
 * Domain types as hosts see them: plain data, JSON-safe. Times are epoch milliseconds, sizes bytes, money US dollars.
 *
 * Paths are text here. A name that is not valid UTF-8 is shown with the replacement character and can still be
 * chosen exactly: `ref` carries the bytes (base64) and is what goes back to the engine.
 */
import type { Failure } from './failure.ts';

export type Tier = 'expedited' | 'standard' | 'bulk';
export type TargetKind = 'vault' | 'folder' | 'practice';

export interface ProfileStatus {
  /** `new`: no keys yet. `locked`: the passphrase is needed before anything is sealed or opened. */
  readonly state: 'new' | 'locked' | 'open';
  readonly folder: string;
  /** Whether part of the recovery code was typed from the kit since it was made: only then a lost passphrase costs nothing. */
  readonly kitProven: boolean;
  /** Whether the keychain of this system was given the keys, and why it does not give them back; null where it does. */
  readonly remembered: boolean;
  readonly keychainTrouble: string | null;
}

export interface TargetSummary {
  readonly name: string;
  readonly kind: TargetKind;
  /** Where it is, in words: "vault photos in eu-central-1", "/mnt/usb/backup". */
  readonly place: string;
  readonly packBytes: number;
  readonly archives: number;
  readonly storedBytes: number;
  readonly plans: readonly string[];
  readonly createdAt: number;
}

export interface PlanSummary {
  readonly name: string;
  readonly target: string;
  readonly sources: readonly string[];
  readonly excludes: readonly string[];
  readonly createdAt: number;
  /** The computer of another installation whose plan it is: its snapshots can be restored here. Null for our own. */
  readonly belongsTo: string | null;
  /** When it runs by itself, as text: src/shared/schedule.ts. */
  readonly schedule: string;
  /** Which snapshots are kept, as text: src/shared/retention.ts. */
  readonly retention: string;
  /** Most files changed at once in that snapshot: until it is accepted nothing older goes. */
  readonly storm: ChangeStorm | null;
  /** Epoch ms; past: as soon as it may. Null for never. It is kept only while a resident engine runs. */
  readonly nextRunAt: number | null;
  /** It was asked for and waits for its turn. */
  readonly isWaiting: boolean;
  readonly lastRun: RunSummary | null;
  readonly latestSnapshot: SnapshotSummary | null;
  readonly snapshots: number;
}

/** Most of what a plan held was other content, or gone, in this snapshot: nothing older goes until it is accepted. */
export interface ChangeStorm {
  readonly snapshot: string;
  readonly at: number;
}

/** What rules would leave out, and what stays. */
export interface RulesPreview {
  /** What is saved. */
  readonly files: number;
  readonly bytes: number;
  /** Each rule with what it leaves out; what several leave out counts for the last of them. */
  readonly rules: readonly {
    readonly rule: string;
    readonly files: number;
    readonly bytes: number;
    /** Full paths of a few. */
    readonly examples: readonly string[];
  }[];
  /** There was more than could be looked at in a while: all counts are too low. */
  readonly isPartial: boolean;
}

/** What holds for everything that begins by itself. */
export interface UnattendedSummary {
  /** Hours of the day, `HH:MM` local time, in which nothing begins; over midnight where `from` is later. */
  readonly quiet: { readonly from: string; readonly to: string } | null;
  /** Epoch ms, or until somebody says otherwise. */
  readonly pausedUntil: number | 'always' | null;
  readonly isPaused: boolean;
  readonly isQuiet: boolean;
  readonly conditions: {
    readonly onBattery: boolean;
    readonly onMetered: boolean;
    /** Null for any. */
    readonly networks: readonly string[] | null;
  };
  /** Of all uploads, whoever asked for them; hours as in `quiet`, null for always. */
  readonly limits: readonly {
    readonly bytesPerSecond: number;
    readonly from: string | null;
    readonly to: string | null;
  }[];
  /** What nothing begins by itself for, in words that follow “waits”. */
  readonly waitsFor: string | null;
}

export interface RunCounts {
  /** Files seen, and their sizes together. */
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  /** Files that were new or changed and were read, and their bytes. */
  readonly readFiles: number;
  readonly readBytes: number;
  /** Bytes of chunks that were not stored before, uncompressed. */
  readonly newBytes: number;
  /** Bytes of packs this run sent, data and manifest; how many data packs, and how many parts. */
  readonly sentBytes: number;
  readonly packs: number;
  readonly parts: number;
  /** Requests to the target, all kinds. */
  readonly requests: number;
  /** Names that are gone since the snapshot before. */
  readonly gone: number;
  readonly problems: number;
  /** Sockets, FIFOs and devices: listed, not a failure. */
  readonly skipped: number;
}

export type RunState = 'running' | 'done' | 'problems' | 'failed' | 'cancelled';

export interface RunSummary {
  readonly id: number;
  readonly plan: string;
  readonly state: RunState;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** False when nothing had changed: no snapshot was made and nothing was sent. */
  readonly changed: boolean;
  readonly snapshot: string | null;
  readonly counts: RunCounts;
  readonly failure: Failure | null;
}

export interface RunProgress {
  readonly run: number;
  readonly plan: string;
  readonly phase: 'scanning' | 'packing' | 'sending' | 'committing';
  readonly currentFile: string | null;
  readonly files: number;
  readonly bytes: number;
  readonly readBytes: number;
  readonly sentBytes: number;
  /** Bytes of sealed packs that wait to be sent. */
  readonly waitingBytes: number;
  /** Bytes of source read per second over the last seconds. */
  readonly bytesPerSecond: number;
  /** Null while nobody can tell: the size of the source is known from the run before, or when the scan is through. */
  readonly secondsLeft: number | null;
  /** What keeps the target from answering, in a sentence, while it is asked again and again; null when it answers. */
  readonly heldUpBy: string | null;
}

export interface ProblemLine {
  readonly path: string;
  readonly kind: 'skipped' | 'unreadable' | 'changed' | 'vanished' | 'unsupported';
  readonly message: string;
}

export interface SnapshotSummary {
  /** 32 hex digits; any unambiguous beginning of at least 4 names it too. */
  readonly id: string;
  readonly plan: string;
  readonly target: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  readonly newBytes: number;
  /** With any, it is kept whatever the plan's rules. */
  readonly tags: readonly string[];
}

export interface EntryLine {
  readonly name: string;
  /** Path from the snapshot's top, as text: the source folder's full path, then names, joined by `/`. */
  readonly path: string;
  /** The same path exactly: base64 of its bytes. */
  readonly ref: string;
  readonly kind: 'file' | 'folder' | 'symlink';
  readonly size: number;
  readonly mode: number;
  readonly modifiedAt: number;
  readonly linkTo: string | null;
}

export interface FoundLine extends EntryLine {
  readonly plan: string;
  /** First and last snapshot that hold this version. */
  readonly firstSnapshot: string;
  readonly lastSnapshot: string;
}

export interface PriceLine {
  readonly what: string;
  readonly quantity: number;
  readonly unit: string;
  readonly usd: number;
}

export interface Estimate {
  readonly lines: readonly PriceLine[];
  readonly usd: number;
  /** Date of the price table, `YYYY-MM-DD`, and the region it is for. */
  readonly priceDate: string;
  readonly region: string;
}

/** One way to have files back. */
export interface RestoreWay {
  readonly usd: number;
  /** Hours until everything is usually ready. */
  readonly hours: { readonly from: number; readonly to: number };
  readonly tiers: Readonly<Record<Tier, number>>;
}

export interface RestorePreview {
  readonly snapshot: string;
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  readonly packs: number;
  /** Files whose content is still on this computer: they are copied from there and paid for nowhere. */
  readonly local: { readonly files: number; readonly bytes: number };
  /** Bytes that earlier orders retrieved and that are still here. */
  readonly keptBytes: number;
  /** Bytes to be retrieved from the target. */
  readonly retrieveBytes: number;
  readonly retrievals: number;
  /** The slowest there is among them. */
  readonly tier: Tier;
  /** How many retrievals of each. */
  readonly tiers: Readonly<Record<Tier, number>>;
  /** The ways worth offering: the cheapest first, each that follows dearer and sooner. */
  readonly ways: readonly RestoreWay[];
  /** Hours until the first and the last retrieval is usually ready; 0 where reading is instant. */
  readonly hours: { readonly from: number; readonly to: number };
  readonly estimate: Estimate;
}

export type OrderState = 'ordered' | 'thawing' | 'downloading' | 'done' | 'problems' | 'failed' | 'cancelled';

export interface OrderSummary {
  readonly id: string;
  readonly snapshot: string;
  readonly plan: string;
  readonly to: string;
  readonly tier: Tier;
  readonly state: OrderState;
  readonly createdAt: number;
  readonly endedAt: number | null;
  /** Retrievals in each step. */
  readonly retrievals: {
    readonly total: number;
    readonly requested: number;
    readonly ready: number;
    readonly fetched: number;
  };
  readonly files: number;
  readonly bytes: number;
  readonly restoredFiles: number;
  readonly restoredBytes: number;
  /** Names that hold what was asked: one folder per source. */
  readonly roots: readonly { readonly source: string; readonly to: string }[];
  readonly verifiedFiles: number;
  readonly metadataProblems: number;
  readonly failedFiles: number;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  /** As it was shown before. */
  readonly estimate: Estimate;
  /** What it has cost so far; downloads are counted when it pauses or ends. Null where nothing is charged. */
  readonly actual: Estimate | null;
  readonly failure: Failure | null;
  /** As in `RunProgress`. */
  readonly heldUpBy: string | null;
  /** Null until it is asked for. */
  readonly putBack: PutBack | null;
}

/** What becomes of a restored file in whose place something else stands. Whatever is chosen, nothing is lost. */
export type ConflictChoice = 'keep-both' | 'replace' | 'skip';

/** `special`: a pipe, socket or device. */
export type ThingKind = 'file' | 'folder' | 'link' | 'special';

/** What putting a restored order back into its source folders would meet. Names are files, their further names, and links. */
export interface PutBackPreview {
  /** Nothing stands in their place. */
  readonly fresh: number;
  readonly freshBytes: number;
  readonly newFolders: number;
  /** The very same content stands there already. */
  readonly same: number;
  /** Something else stands there; for those inside a folder, in the place of the folder. */
  readonly conflicts: number;
  /** At most 1,000, by the path where they belong, with what stands there. */
  readonly conflictsShown: readonly { readonly path: string; readonly is: ThingKind }[];
  /** Not in the restore folder. */
  readonly missing: number;
  /** It cannot be known what stands there. */
  readonly failed: number;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

export interface PutBackCounts {
  readonly moved: number;
  readonly movedBytes: number;
  readonly same: number;
  /** Of those moved: beside something else, under a numbered name. */
  readonly keptBoth: number;
  /** Of those moved: something else was set aside. */
  readonly replaced: number;
  readonly skipped: number;
  readonly missing: number;
  readonly failed: number;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

/** An order's files on their way into the source folders. */
export interface PutBack extends PutBackCounts {
  /** `stopped`: it can be done again and goes on where it was. */
  readonly state: 'moving' | 'done' | 'problems' | 'stopped';
  readonly choice: ConflictChoice;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** The folder with what was replaced; null when nothing was. */
  readonly replacedIn: string | null;
  readonly failure: Failure | null;
}

/** One retrieval of an order: a stretch of one pack. */
export interface OrderArchive {
  readonly pack: string;
  /** Where in the pack the stretch begins. */
  readonly first: number;
  readonly bytes: number;
  readonly tier: Tier;
  readonly state: 'planned' | 'requested' | 'ready' | 'fetched' | 'failed' | 'expired';
  readonly requestedAt: number | null;
  readonly readyAt: number | null;
  /** Why it failed. */
  readonly reason: string | null;
}

/** How far a file is on its way back; `expired` has to be asked for again. */
export type FileStep = 'ordered' | 'thawing' | 'ready' | 'downloaded' | 'done' | 'expired' | 'failed';

/** How far an order is in one folder, with all that is below it. */
export interface OrderFolder {
  /** From the snapshot's top, as text; empty for the top itself. */
  readonly path: string;
  /** Names of files, and their sizes together. */
  readonly files: number;
  readonly bytes: number;
  /** How many of them are how far. */
  readonly steps: Readonly<Record<FileStep, number>>;
}

/** What another tier means for the part of an order that was not asked for yet. */
export interface TierChange {
  readonly retrievals: number;
  readonly bytes: number;
  /** Retrievals that keep their tier, being larger than expedited ones may be. */
  readonly tooLarge: number;
  /** Below 0 when it is cheaper. */
  readonly extraUsd: number;
  /** Hours from being asked for. */
  readonly hours: { readonly from: number; readonly to: number };
  /** Of the whole order then. */
  readonly estimate: Estimate;
}

export function isEnded(state: OrderState | RunState): boolean {
  return state === 'done' || state === 'problems' || state === 'failed' || state === 'cancelled';
}
