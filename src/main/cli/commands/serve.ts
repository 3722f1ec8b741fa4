import type { Command } from 'commander';
import { runServe } from '../../serve/server.ts';
import type { Serving } from '../../serve/server.ts';
import { untilAborted } from '../interruption.ts';
import { portNumber } from '../options.ts';
import type { Output } from '../output.ts';
import { withSession } from '../session.ts';

export function addServe(program: Command, output: Output): void {
  program
    .command('serve')
    .description(
      'Shows the window in a browser on this computer, by a link that works once. Ends with Ctrl-C.',
    )
    .option('--port <n>', 'Which port; any free one if not given.', portNumber)
    .option('--open', 'Open the link in the browser.')
    .action(async (options: { port?: number; open?: true }, command: Command) => {
      const { port, open } = options;
      const how = { keys: 'welcome', make: true, stopsItself: true, resident: true } as const;
      await withSession(command, output, how, async ({ engine, signal }) => {
        const say = (line: string) => (output.json ? output.note(line) : void output.write(`${line}\n`));
        const serving = await runServe({ door: engine, port, open: open === true, say });
        try {
          if (output.json)
            await output.write(`${JSON.stringify({ url: serving.url, port: serving.port })}\n`);
          const forget = offerLinks(serving, say);
          await untilAborted(signal);
          forget();
        } finally {
          await serving.close();
        }
      });
    });
}

/** At a terminal, Enter gives another link: for a second browser, or when the first link was lost. */
function offerLinks(serving: Serving, say: (line: string) => void): () => void {
  if (!process.stdin.isTTY) return () => undefined;
  const onEnter = () => say(`Another link: ${serving.newLink()}`);
  say('Enter gives another link.');
  process.stdin.on('data', onEnter);
  return () => {
    process.stdin.off('data', onEnter);
    process.stdin.pause();
  };
}
