/** The recovery kit as a page to print: A4 or Letter, black on white, the code large enough to be typed from paper. */
import type { KitBlock } from '../../../shared/recoveryTypes.ts';

const MARGIN = 56;
const POINTS = { title: 24, heading: 12, plain: 10.5, code: 19, fixed: 10.5, programs: 6.5 } as const;
const PADDING = 14;

/** Loads the library that sets it only when it is asked for. */
export async function kitPdf(blocks: readonly KitBlock[], paper: 'A4' | 'LETTER' = 'A4'): Promise<Buffer> {
  const { default: PDFDocument } = await import('pdfkit');
  const document = new PDFDocument({
    size: paper,
    margin: MARGIN,
    info: { Title: 'Permafrost recovery kit', Producer: 'Permafrost', Creator: 'Permafrost' },
  });
  const pieces: Buffer[] = [];
  const ended = new Promise<Buffer>((resolve, reject) => {
    document.on('data', (piece: Buffer) => pieces.push(piece));
    document.on('end', () => resolve(Buffer.concat(pieces)));
    document.on('error', reject);
  });
  for (const block of blocks) draw(document, block);
  document.end();
  return ended;
}

function draw(document: PDFKit.PDFDocument, { kind, lines }: KitBlock): void {
  const isCopied = kind === 'code' || kind === 'fixed' || kind === 'programs';
  const isHead = kind === 'title' || kind === 'heading';
  document.font(isCopied ? 'Courier' : isHead ? 'Helvetica-Bold' : 'Helvetica').fontSize(POINTS[kind]);
  if (kind === 'heading') document.moveDown(1);
  if (kind === 'code') document.y += PADDING;
  const top = document.y;
  const width = document.page.width - 2 * MARGIN;
  for (const line of lines.map(printable)) {
    const natural = document.widthOfString(line);
    // What is copied to the letter is never broken where nobody could tell whether a hyphen belongs to it.
    if (kind === 'fixed' && natural > width) document.fontSize((POINTS.fixed * width) / natural);
    document.text(line, kind === 'code' ? MARGIN + PADDING : MARGIN, document.y, {
      lineGap: kind === 'programs' ? 1 : 4,
    });
    document.fontSize(POINTS[kind]);
  }
  if (kind === 'code') {
    document.rect(MARGIN, top - PADDING, width, document.y - top + 2 * PADDING - 6).stroke();
    document.y += PADDING;
  }
  document.moveDown(kind === 'title' ? 0.5 : 0.2);
}

/** The fonts that every PDF reader has know Western letters only; names may have any. */
function printable(line: string): string {
  return line.replace(/[^\x20-\x7e\xa0-\xff]/gu, '?');
}
