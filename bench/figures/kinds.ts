/** Which figures a release reports, in the order of the page. */
export interface Kind {
  readonly name: string;
  readonly unit: string;
  /** What would be worse: then the command fails. Null for what depends on chance, the machine or the hour. */
  readonly worse: 'less' | 'more' | null;
}

const counted = (name: string, worse: 'less' | 'more', unit = ''): Kind => ({ name, worse, unit });
const measured = (name: string, unit: string): Kind => ({ name, unit, worse: null });

export const kinds: readonly Kind[] = [
  counted('crash points killed at', 'less'),
  counted('seeds of random kills', 'less'),
  measured('random kills', ''),
  counted('promises broken after random kills', 'more'),
  measured('archives too many after random kills', ''),
  measured('opening after a kill, 95 of 100', 'ms'),
  measured('fsync boundaries of power cuts', ''),
  counted('states after power cuts', 'less'),
  counted('promises broken after power cuts', 'more'),
  counted('bits turned in archives', 'less'),
  counted('files lost beyond the MiB of a turned bit', 'more'),
  counted('damaged inputs read', 'less'),
  counted('readers that crashed, hung or took what is damaged', 'more'),
  counted('hostile names made into names on disk', 'less'),
  counted('hostile names that lead out of their folder', 'more'),
  measured('bytes searched for secrets', ''),
  counted('secrets found', 'more'),
  counted('packs sealed to look for repeated nonces', 'less'),
  counted('repeated nonces', 'more'),
  counted('cold waits with the passphrase alone', 'more'),
  counted('cold waits with a saved kit', 'more'),
  measured('rebuilding a catalog from a vault of 240 MiB, hours of the service left out', 's'),
  measured('read for that, of what is stored', '%'),
  ...['one photo', 'a folder of 200 scattered photos', 'everything'].flatMap((what) =>
    ['', ', by whole archives'].flatMap((how) => [
      counted(`${what} of a vault of 64 GiB${how}: retrieved`, 'more', 'MiB'),
      counted(`${what} of a vault of 64 GiB${how}: price`, 'more', 'USD'),
    ]),
  ),
  measured('cutting', 'MiB/s a core'),
  measured('sealing', 'MiB/s a core'),
  measured('verifying a pack from disk', 'MiB/s a core'),
  measured('verifying, of the CPU time of packing', '%'),
  measured('Electron behind its newest release', 'days'),
  counted('packages the program needs', 'more'),
  counted('packages the program needs, with all that those need', 'more'),
];

/** What cannot be had, and why: never shown as passed. */
export const notRun: readonly (readonly [string, string])[] = [
  ['anything on Windows', 'no such machine'],
  ['anything on macOS', 'no such machine'],
  ['a real power cut', 'no machine to cut it from; a recording of all writes is replayed instead'],
  ['a real Electron', 'its runtime was not at hand; the host runs over a double of it'],
];
