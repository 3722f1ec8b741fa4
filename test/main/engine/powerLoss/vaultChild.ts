/** The vault in a process of its own, so that what it stores can be recorded: in the folder given, until the parent lets go. */
import { startSimulator } from '../../../../src/main/simulator/simulator.ts';
import { instantly } from './vault.ts';

const [dir = ''] = process.argv.slice(2);
const { url, accessKeyId, secretAccessKey, close } = await startSimulator({ dir, ...instantly });
process.send?.({ url, accessKeyId, secretAccessKey });
process.once('disconnect', () => void close());
