/** @throws RangeError for a description that some target could not keep exactly as it is: see `Target` */
export function assertDescription(text: string): void {
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(text))
    throw new RangeError(`“${text}” cannot describe an archive or a retrieval`);
}
