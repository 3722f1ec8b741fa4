/**
 * A place to put files back: beside the first source, named after it and the snapshot's day, so that nothing that is
 * there now is in the way. Empty where the plan is not known any more.
 */
export function suggestFolder(sources: readonly string[], startedAt: number): string {
  const source = sources[0]?.replace(/[\\/]+$/, '');
  if (source === undefined || source === '') return '';
  const at = new Date(startedAt);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${source} of ${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
