/** `2026-11` as "November", with its year where that is not this one. */
export function monthWord(month: string, length: 'long' | 'short' = 'long', now = new Date()): string {
  const date = new Date(`${month}-15T12:00:00Z`);
  const isThisYear = date.getUTCFullYear() === now.getUTCFullYear();
  return new Intl.DateTimeFormat('en-GB', {
    month: length,
    timeZone: 'UTC',
    ...(!isThisYear && length === 'long' && { year: 'numeric' }),
  }).format(date);
}
