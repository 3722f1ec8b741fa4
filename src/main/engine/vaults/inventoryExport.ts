/**
 * A kept inventory as a file: JSON in the service's own form, which other tools read, or CSV for spreadsheets, quoted as
 * RFC 4180 says (the service's own CSV cannot be told apart from broken CSV) and with the names that were made out.
 */
import type { InventoryArchive } from '../catalog/inventoryArchives.ts';

export interface ExportHead {
  readonly arn: string;
  readonly takenAt: number;
}

/** Pieces of text of the whole file, one for each page of archives and a few around them. */
export async function* exportText(
  format: 'json' | 'csv',
  { arn, takenAt }: ExportHead,
  pages: AsyncIterable<readonly InventoryArchive[]>,
): AsyncGenerator<string> {
  if (format === 'csv') {
    yield csvLine([
      'ArchiveId',
      'Name',
      'Tool',
      'ArchiveDescription',
      'CreationDate',
      'Size',
      'SHA256TreeHash',
    ]);
    for await (const page of pages) yield page.map(csvEntry).join('');
    return;
  }
  yield `{"VaultARN":${JSON.stringify(arn)},"InventoryDate":"${isoSeconds(takenAt)}","ArchiveList":[`;
  let isFirst = true;
  for await (const page of pages) {
    if (page.length === 0) continue;
    yield `${isFirst ? '\n' : ',\n'}${page.map(jsonEntry).join(',\n')}`;
    isFirst = false;
  }
  yield ']}\n';
}

function jsonEntry(archive: InventoryArchive): string {
  return JSON.stringify({
    ArchiveId: archive.archiveId,
    ArchiveDescription: archive.description,
    CreationDate: isoSeconds(archive.createdAt),
    Size: archive.size,
    SHA256TreeHash: archive.treeHash,
  });
}

function csvEntry(archive: InventoryArchive): string {
  const { archiveId, name, tool, description, createdAt, size, treeHash } = archive;
  return csvLine([
    archiveId,
    asText(name ?? ''),
    tool,
    asText(description),
    isoSeconds(createdAt),
    String(size),
    treeHash,
  ]);
}

/** Descriptions are written by anybody: what a spreadsheet would take for a formula is marked as text. */
function asText(cell: string): string {
  return /^[=+\-@]/.test(cell) ? `'${cell}` : cell;
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The service writes whole seconds. */
function isoSeconds(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
