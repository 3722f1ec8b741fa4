/**
 * Uploads of a vault that were begun and not completed: what the service holds of them, and getting rid of them. Our
 * own that are to be gone on with are told apart.
 */
import type { OpenUpload } from '../../../shared/vaultTypes.ts';
import { EngineError } from '../failure.ts';
import { parseDescription } from '../pack/description.ts';
import type { Target, UploadId, UploadInfo } from '../target/target.ts';

/** By age, oldest first. `known`: ids of uploads that are to be gone on with, asked for after the listing. */
export async function listOpenUploads(
  vault: Target,
  known: () => Promise<ReadonlySet<string>>,
): Promise<OpenUpload[]> {
  const uploads: OpenUpload[] = [];
  const { open, isOurs } = await openAndOurs(vault, known);
  for (const upload of open) {
    const held = await heldOf(vault, upload);
    if (held === undefined) continue;
    const { uploadId: id, description, createdAt, partBytes } = upload;
    uploads.push({ id, description, createdAt, partBytes, ...held, ours: isOurs(upload) });
  }
  return uploads.sort((a, b) => a.createdAt - b.createdAt);
}

/** Undefined for one that was completed, aborted or dropped since it was listed. */
async function heldOf(
  vault: Target,
  { uploadId }: UploadInfo,
): Promise<{ readonly parts: number; readonly bytes: number } | undefined> {
  let parts = 0;
  let bytes = 0;
  try {
    for await (const { length } of vault.listParts(uploadId)) {
      parts += 1;
      bytes += length;
    }
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'not-found') return undefined;
    throw error;
  }
  return { parts, bytes };
}

/**
 * Aborts those that are `wanted`, or all; resolves to what was aborted.
 * @throws EngineError before anything is aborted: `not-found` when a wanted one is not open, `conflict` when one is ours
 * and that was not meant
 */
export async function abortOpenUploads(
  vault: Target,
  wanted: readonly string[] | undefined,
  known: () => Promise<ReadonlySet<string>>,
  alsoOurs: boolean,
): Promise<{ readonly aborted: string[]; readonly spared: number }> {
  const { open, isOurs } = await openAndOurs(vault, known);
  const byId = new Map(open.map((upload) => [String(upload.uploadId), upload]));
  for (const id of wanted ?? []) {
    const upload = byId.get(id);
    if (upload === undefined) throw notOpen(id);
    if (!alsoOurs && isOurs(upload)) throw ownUpload(id);
  }
  const meant =
    wanted ?? open.filter((upload) => alsoOurs || !isOurs(upload)).map(({ uploadId }) => uploadId);
  const once = [...new Set(meant)];
  for (const id of once) await vault.abortUpload(id as UploadId);
  const spared = wanted === undefined ? open.length - once.length : 0;
  return { aborted: once, spared };
}

/**
 * Listed first, because an upload that begins meanwhile is known here a moment after it is listed. One that describes
 * itself as ours is, whether or not its id has been written down.
 */
async function openAndOurs(
  vault: Target,
  known: () => Promise<ReadonlySet<string>>,
): Promise<{ readonly open: readonly UploadInfo[]; readonly isOurs: (upload: UploadInfo) => boolean }> {
  const open: UploadInfo[] = [];
  for await (const upload of vault.listUploads()) open.push(upload);
  const ours = await known();
  return {
    open,
    isOurs: ({ uploadId, description }) => ours.has(uploadId) || parseDescription(description) !== null,
  };
}

function notOpen(id: string): EngineError {
  return new EngineError(
    'not-found',
    `No upload ${id} is open in this vault.`,
    'See those that are: permafrost vault uploads.',
    { safe: 'Nothing was aborted.' },
  );
}

function ownUpload(id: string): EngineError {
  return new EngineError(
    'conflict',
    `The upload ${id} is Permafrost’s own, and to be gone on with.`,
    'Let it be completed, or say that own uploads are meant too; they then begin anew.',
    { safe: 'Nothing was aborted.' },
  );
}
