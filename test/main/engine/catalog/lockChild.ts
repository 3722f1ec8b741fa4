/** Locks the profile named on the command line, says so, and waits to be killed. */
import { lockProfile } from '../../../../src/main/engine/catalog/lock.ts';

await lockProfile(process.argv[2] ?? '', 'child', Date.now());
process.stdout.write('locked\n');
setInterval(() => undefined, 1000);
