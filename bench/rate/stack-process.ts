/** The local stack in its own process, without its own worker for the delivery queue. Sends its URL to its parent. */
import { deployedFunctions } from '../../lib/local/lambda/function-instances.ts';
import { startStack } from '../../lib/local/stack/stack.ts';

const functions = deployedFunctions().filter(({ name }) => name !== 'deliver-queued');

process.once('disconnect', () => process.exit());
process.send?.((await startStack({ port: 0, functions })).url);
