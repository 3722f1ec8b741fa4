/** How a command ended, for the shell. Part of the command line's promise: scripts depend on these. */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  /** Done, but some files could not be read or restored; they were listed. */
  problems: 3,
} as const;
