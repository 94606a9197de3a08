/** The local stack in a process of its own, without a worker of its own for the delivery queue. Sends its URL to its parent. */
import { deployedFunctions } from '../../lib/local/lambda/function-instances.ts';
import { startStack } from '../../lib/local/stack/stack.ts';

const functions = deployedFunctions().filter(({ name }) => name !== 'deliver-queued');

process.once('disconnect', () => process.exit());
process.send?.((await startStack({ port: 0, functions })).url);
