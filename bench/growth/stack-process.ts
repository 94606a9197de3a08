/**
 * The local stack without its own worker, in its own process. It first sends its URL, and then its processor time each time it
 * is asked.
 */
import { deployedFunctions } from '../../lib/local/lambda/function-instances.ts';
import { startStack } from '../../lib/local/stack/stack.ts';
import { answerAsks, cpuMs } from './process.ts';

const functions = deployedFunctions().filter(({ name }) => name !== 'deliver-queued');

answerAsks(async () => ({ cpuMs: cpuMs() }));
process.send?.((await startStack({ port: 0, functions })).url);
