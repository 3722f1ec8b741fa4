/** Single archives: files that are stored as one, and archives that are brought into a file. */
import { randomBytes } from 'node:crypto';
import { basename, isAbsolute } from 'node:path';
import type { DownloadPreview, UploadPreview } from '../../../shared/archiveTypes.ts';
import type { ParsedInput, Routes } from '../../../shared/contract.ts';
import { newestInventory } from '../catalog/inventories.ts';
import { findInventoryArchive } from '../catalog/inventoryArchives.ts';
import { estimate } from '../cost/estimate.ts';
import { vaultPrices } from '../cost/prices.ts';
import { EngineError } from '../failure.ts';
import { tierHours } from '../restore/windows.ts';
import type { VaultService } from '../target/service.ts';
import type { ArchiveId, ByteRange } from '../target/target.ts';
import { isMibAligned } from '../upload/alignment.ts';
import { partBytesFor, planParts } from '../upload/partPlan.ts';
import { LEAF_BYTES } from '../upload/treeHash.ts';
import { writeArchiveName } from '../vaults/archiveName.ts';
import {
  isVerifiable,
  nothingYet,
  type DownloadProgress,
  type DownloadWanted,
} from '../vaults/downloadErrand.ts';
import { nothingShown } from '../vaults/errand.ts';
import { markOf, type UploadProgress, type UploadWanted } from '../vaults/uploadErrand.ts';
import type { EngineContext } from './context.ts';
import type { ErrandRuns } from './errandRuns.ts';
import { checkNewFile } from './newFile.ts';
import { placeIn } from './vaultArchives.ts';
import { withService } from './vaultPlace.ts';

type TransferRoutes = Pick<
  Routes,
  'uploads:preview' | 'uploads:start' | 'downloads:preview' | 'downloads:start'
>;

export function vaultTransferRoutes(context: EngineContext, errands: ErrandRuns): TransferRoutes {
  const newErrand = () => ({ uid: randomBytes(16).toString('hex'), createdAt: Date.now() });
  return {
    'uploads:preview': (asked) => previewUpload(context, asked),
    'uploads:start': async ({ accept: _accepted, ...asked }) => {
      const preview = await previewUpload(context, asked);
      const { path, description, bytes } = preview;
      const wanted: UploadWanted = { path, description };
      const progress: UploadProgress = {
        mark: null,
        uploadId: null,
        mayBeTwice: false,
        shown: { ...nothingShown, path, total: bytes },
      };
      return errands.place({
        ...newErrand(),
        ...(await placeIn(context, asked)),
        kind: 'upload',
        place: asked.at,
        wanted,
        step: 'hashing',
        progress,
        estimate: preview.estimate,
      });
    },
    'downloads:preview': (asked) => previewDownload(context, asked),
    'downloads:start': async ({ accept: _accepted, to, ...asked }) => {
      checkNewFile(to, context.profile.root);
      const preview = await previewDownload(context, asked);
      const wanted: DownloadWanted = {
        archive: preview.archive as ArchiveId,
        range: rangeOf(asked, preview.archiveBytes),
        tier: asked.tier,
        to,
      };
      const progress: DownloadProgress = {
        ...nothingYet,
        shown: { ...nothingShown, path: to, archive: preview.archive, total: preview.bytes ?? 0 },
      };
      return errands.place({
        ...newErrand(),
        ...(await placeIn(context, asked)),
        kind: 'download',
        place: asked.at,
        wanted,
        step: 'asking',
        progress,
        estimate: preview.estimate,
      });
    },
  };
}

async function previewUpload(
  context: EngineContext,
  { path, description, ...asked }: ParsedInput<'uploads:preview'>,
): Promise<UploadPreview> {
  if (!isAbsolute(path)) {
    throw new EngineError(
      'invalid',
      `${path} is not a full path.`,
      'Give the path from the top of the disk.',
    );
  }
  const { size, modifiedMs } = await markOf(path);
  return inVault(context, asked, (service, vault, partBytes) => {
    const parts = planParts(size, partBytesFor(size, partBytes)).length;
    return Promise.resolve({
      vault,
      path,
      bytes: size,
      description: description ?? writeArchiveName(basename(path), Math.max(0, modifiedMs)),
      estimate: estimate({ kind: 'backup', archives: 1, bytes: size, parts }, vaultPrices(service.region)),
    });
  });
}

async function previewDownload(
  context: EngineContext,
  asked: ParsedInput<'downloads:preview'>,
): Promise<DownloadPreview> {
  const { archive, tier } = asked;
  const inventory = await newestInventory(context.catalog, await placeIn(context, asked), true);
  const listed = inventory && (await findInventoryArchive(context.catalog, inventory.id, archive));
  const archiveBytes = listed?.size ?? null;
  const range = rangeOf(asked, archiveBytes);
  const bytes = range === null ? archiveBytes : range.end - range.first;
  return inVault(context, asked, (service, vault) =>
    Promise.resolve({
      vault,
      archive,
      archiveBytes,
      bytes,
      name: listed?.name ?? null,
      isVerifiable: archiveBytes === null ? null : isVerifiable(range, archiveBytes),
      hours: tierHours[tier],
      estimate: estimate(
        { kind: 'restore', tier, bytes: bytes ?? 0, retrievals: 1 },
        vaultPrices(service.region),
      ),
    }),
  );
}

/** Null for the whole archive. @throws EngineError `invalid` for one that cannot be retrieved */
function rangeOf({ range }: ParsedInput<'downloads:preview'>, archiveBytes: number | null): ByteRange | null {
  if (range === undefined) return null;
  if (archiveBytes !== null && range.first === 0 && range.end === archiveBytes) return null;
  const size = archiveBytes ?? range.end;
  if (isMibAligned(range, size)) return range;
  const first = Math.floor(range.first / LEAF_BYTES) * LEAF_BYTES;
  const end = Math.min(size, Math.ceil(range.end / LEAF_BYTES) * LEAF_BYTES);
  throw new EngineError(
    'invalid',
    `Bytes ${range.first} to ${range.end} of this archive cannot be retrieved: a range begins at a whole MiB and ends at one, or with the archive.`,
    first < end ? `Ask for ${first}-${end}.` : `The archive has ${size} bytes.`,
  );
}

/** Opens the vault around `use`, to know what it is like. Nothing is asked of it. */
function inVault<T>(
  context: EngineContext,
  asked: Parameters<typeof placeIn>[1],
  use: (service: VaultService, vault: string, partBytes: number) => Promise<T>,
): Promise<T> {
  return withService(context, asked.at, async (service) => {
    const { vault } = await placeIn(context, asked);
    const target = service.target(vault);
    try {
      return await use(service, vault, target.traits.partBytes);
    } finally {
      target.close();
    }
  });
}
