/** What Linux tells of processes: memory at its highest, CPU time of children. Elsewhere nothing is told. */
import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of CPU time in a second, in what /proc shows: the same on every Linux. */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/self/stat after the name in brackets: user and system ticks of children that were waited for. */
const CHILD_USER = 13;
const CHILD_SYSTEM = 14;

/** CPU seconds, user and system, of all children of this process that have ended, theirs included; null if not told. */
export function childCpuSeconds(): number | null {
  const stat = readProc('/proc/self/stat');
  return stat === null ? null : parseChildCpu(stat);
}

export function parseChildCpu(stat: string): number {
  // The name may hold spaces and brackets: fields are counted from its last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[CHILD_USER]) + Number(fields[CHILD_SYSTEM])) / TICKS_PER_SECOND;
}

/** Resident bytes at their highest so far of the largest process among `pid` and all below it; null if not told. */
export function peakOfTree(pid: number): number | null {
  const status = readProc(`/proc/${pid}/status`);
  if (status === null) return null;
  const peaks = [parsePeak(status), ...childrenOf(pid).map(peakOfTree)].filter((peak) => peak !== null);
  return peaks.length === 0 ? null : Math.max(...peaks);
}

/** From /proc/PID/status; null when the process has ended and only waits to be noticed. */
export function parsePeak(status: string): number | null {
  const kib = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) =>
    (readProc(`/proc/${pid}/task/${thread}/children`) ?? '')
      .split(' ')
      .filter((child) => child !== '')
      .map(Number),
  );
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Null where there is no /proc, or the process is gone. */
function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
