/** What came of a thing that was done, in words: `44 files, 2 files failed, 7.3 MB sent`. */
export function countWords(
  counts: Readonly<Record<string, number>>,
  count: (n: number) => string,
  bytes: (n: number) => string,
): string {
  return Object.entries(counts)
    .map(([name, n]) => {
      if (!name.endsWith('bytes'))
        return `${count(n)} ${n === 1 ? name.replace(/^(file|archive|snapshot)s/, '$1') : name}`;
      return `${bytes(n)} ${name.replace(/ ?bytes$/, '')}`.trim();
    })
    .join(', ');
}
