/**
 * Runs the engine in Electron's utility process, so that neither a walk nor SQLite can freeze the window. Its argument
 * is the profile folder; everything else comes over the wire.
 */
import type { ParentPort } from 'electron';
import { openEngine, toFailure } from '../engine/engine.ts';
import { answerWire } from './wire.ts';
import type { FromEngine, ToEngine, WireEnd } from './wire.ts';

await run(parentWire(process.parentPort), process.argv[2]);

async function run(wire: WireEnd<FromEngine, ToEngine>, profile: string | undefined): Promise<void> {
  if (profile === undefined) throw new RangeError('the profile folder is missing');
  try {
    answerWire(await openEngine({ profile, host: 'desktop', resident: true }), wire);
  } catch (error) {
    wire.send({ kind: 'refused', failure: toFailure(error) });
    // The host starts another process when it is time to try again.
    process.exitCode = 1;
    setTimeout(() => process.exit(), 100);
  }
}

function parentWire(port: ParentPort): WireEnd<FromEngine, ToEngine> {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => {
      port.on('message', (event) => listener(event.data as ToEngine));
    },
  };
}
