/**
 * The local stack in its own process. It sends its URL to its parent, and its processor time in ms each time the parent asks.
 */
import { startStack } from '../../lib/local/stack/stack.ts';

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.((user + system) / 1000);
});
process.once('disconnect', () => process.exit());
process.send?.((await startStack({ port: 0 })).url);
