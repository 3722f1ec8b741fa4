/** Checks and proofs as hosts see them. */
import type { CheckProblem, CheckProof, CheckSummary, ProvenArchive } from '../../../shared/checkTypes.ts';
import type { Reader } from '../catalog/catalog.ts';
import { checkReads, countFindings, countReads, listFindings, type CheckRow } from '../catalog/checks.ts';
import type { TargetId } from '../catalog/ids.ts';
import { getPacks, listPacks, type PackRow } from '../catalog/packs.ts';
import { proofsOf, type Proof } from '../catalog/proofs.ts';
import { getTarget } from '../catalog/targets.ts';
import { problemKinds } from '../check/runCheck.ts';

const MOST_PROBLEMS = 1000;

export async function checkSummary(db: Reader, row: CheckRow, waiting: boolean): Promise<CheckSummary> {
  const target = await getTarget(db, row.target);
  const { planned, asked, proven, damaged, unread, spared } = await countReads(db, row.id);
  const wanted = [planned, asked, proven, damaged, unread];
  const [firstUnread] = unread.count === 0 ? [] : await checkReads(db, row.id, ['unread']);
  return {
    id: row.uid,
    target: target?.name ?? '',
    step: row.step,
    waiting,
    createdAt: row.createdAt,
    endedAt: row.endedAt,
    outcome: row.outcome,
    listing: row.listing,
    problems: await problemsOf(db, row),
    problemCount: await countFindings(db, row.id, problemKinds),
    reads: {
      ranges: wanted.reduce((sum, { count }) => sum + count, 0),
      bytes: wanted.reduce((sum, { bytes }) => sum + bytes, 0),
      spared: spared.count,
      asked: asked.count + proven.count + damaged.count + unread.count,
      read: proven.count + damaged.count,
      provenBytes: proven.bytes,
      unread: unread.count,
      reason: firstUnread?.error ?? null,
    },
    proof: await proofOf(db, row.target),
    estimate: row.estimate,
    failure: row.failure,
  };
}

async function problemsOf(db: Reader, { id }: CheckRow): Promise<readonly CheckProblem[]> {
  const findings = await listFindings(db, id, problemKinds, MOST_PROBLEMS);
  const packs = await getPacks(
    db,
    findings.map(({ pack }) => pack),
  );
  return findings.flatMap(({ kind, pack, archiveId: archive, size }) => {
    const holds = packs.get(pack)?.kind ?? 'data';
    return kind === 'extra' ? [] : [{ kind, archive, size, holds }];
  });
}

interface PackWithProof {
  readonly pack: PackRow;
  readonly proof: Proof | undefined;
}

async function packsWithProofs(db: Reader, target: TargetId): Promise<readonly PackWithProof[]> {
  const proofs = await proofsOf(db, target);
  const packs = await listPacks(db, { target, states: ['stored', 'suspect'] });
  return packs.map((pack) => ({ pack, proof: proofs.get(pack.id) }));
}

async function proofOf(db: Reader, target: TargetId): Promise<CheckProof> {
  const all = await packsWithProofs(db, target);
  const dates = all.map(({ proof }) => proof?.provenAt ?? null);
  const isAllProven = dates.length > 0 && dates.every((at) => at !== null);
  return {
    archives: all.length,
    bytes: all.reduce((sum, { pack }) => sum + pack.size, 0),
    provenArchives: dates.filter((at) => at !== null).length,
    provenBytes: all.reduce((sum, { proof }) => sum + (proof?.provenBytes ?? 0), 0),
    oldestAt: isAllProven ? dates.reduce((oldest, at) => Math.min(oldest, at), Infinity) : null,
  };
}

/** Never proven first, then by date. */
export async function provenArchives(db: Reader, target: TargetId): Promise<readonly ProvenArchive[]> {
  const all = await packsWithProofs(db, target);
  return all
    .map(({ pack, proof }) => ({
      archive: pack.archiveId ?? '',
      size: pack.size,
      holds: pack.kind,
      suspect: pack.state === 'suspect',
      listedAt: proof?.listedAt ?? null,
      provenAt: proof?.provenAt ?? null,
      provenShare: Math.min(1, (proof?.provenBytes ?? 0) / pack.size),
    }))
    .sort((a, b) => (a.provenAt ?? 0) - (b.provenAt ?? 0));
}
