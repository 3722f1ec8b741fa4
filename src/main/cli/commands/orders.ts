import type { Command } from 'commander';
import type { OrderSummary } from '../../../shared/types.ts';
import { followOrder, hasEnded, isAtRest } from '../followOrder.ts';
import { exitCodeOfOrder, orderLines, orderTable, whenStopped } from '../orderText.ts';
import type { Output } from '../output.ts';
import { withSession } from '../session.ts';

export function addOrders(program: Command, output: Output): void {
  const orders = program
    .command('orders')
    .helpCommand(false)
    .description('Restores that were ordered; with an id, one of them.')
    .usage('[id] | cancel <id> | resume [--wait]')
    .argument('[id]')
    .action(async (id: string | undefined, _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        if (id === undefined) {
          const all = await session.ask('orders:list', {});
          await output.result(all, () => (all.length === 0 ? ['No orders.'] : orderTable(all, Date.now())));
        } else {
          const order = await session.ask('orders:show', { id });
          await output.result(order, () => orderLines(order));
        }
      });
    });

  orders
    .command('cancel')
    .description('Ends an order. Files that are back already stay; retrievals that were asked for are paid.')
    .argument('<id>')
    .action(async (id: string, _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const order = await session.ask('orders:cancel', { id });
        await output.result(order, () => orderLines(order));
      });
    });

  orders
    .command('resume')
    .description('Carries on every order that has not ended, as far as it goes now.')
    .option('--wait', 'Stay until they have all ended.')
    .action(async (options: { wait?: true }, command: Command) => {
      await withSession(command, output, { keys: 'needed', whenStopped }, async (session) => {
        const open = await session.ask('orders:resume', {});
        const until = options.wait === true ? hasEnded : isAtRest;
        const followed: OrderSummary[] = await Promise.all(
          open.map(({ id }) => followOrder(session, () => session.ask('orders:show', { id }), until)),
        );
        await output.result(followed, () =>
          followed.length === 0 ? ['No order is under way.'] : followed.flatMap(orderLines),
        );
        process.exitCode = Math.max(0, ...followed.map(exitCodeOfOrder));
      });
    });
}
