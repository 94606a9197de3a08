import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { EventDocument } from '../../core/delivery/delivery.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Transformation, Transformations } from '../../ports/transformations.ts';
import type { ThreadAnswer, ThreadWork } from './messages.ts';

/**
 * When a thread is terminated. The thread itself gives up after 1 s, but not while one function or regular expression runs. Source of
 * the 1 s: EventBridge user guide, transforming events with JSONata.
 */
const terminateAfterMs = 1100;

/** Enough for an event of 1 MiB, and far less than the memory of a function. */
const resourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 } as const;

/**
 * Evaluates JSONata in one thread, one expression at a time. The thread is started with the first expression, and anew after an
 * expression that it did not survive.
 *
 * Failure policy: an expression that runs too long or needs too much memory is a permanent failure of its own event. The events
 * behind it are evaluated in the next thread.
 */
export function createJsonataTransformations(clock: Clock): Transformations {
  let thread: Promise<Worker> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function run(work: ThreadWork): Promise<ThreadAnswer> {
    thread ??= startThread();
    const worker = await thread.catch((error: unknown) => {
      thread = undefined;
      throw error;
    });
    const finished = new AbortController();
    worker.ref();
    try {
      return await new Promise<ThreadAnswer>((resolve) => {
        const lost = (reason: string) => {
          thread = undefined;
          resolve({ kind: 'failed', reason });
        };
        worker.once('message', resolve);
        worker.once('error', () => lost(`needs more than ${resourceLimits.maxOldGenerationSizeMb} MB of memory`));
        clock.delay(terminateAfterMs, finished.signal).then(
          () => {
            lost('runs for more than 1 s');
            void worker.terminate();
          },
          () => undefined,
        );
        worker.postMessage(work);
      });
    } finally {
      finished.abort();
      worker.removeAllListeners('message').removeAllListeners('error');
      // An error that comes after the answer, while the thread ends, must not end the process.
      worker.on('error', () => undefined);
      worker.unref();
    }
  }

  return {
    apply(transformation) {
      const answer = last.then(() => run(workOf(transformation)));
      last = answer.catch(() => undefined);
      return answer.then(documentOf);
    },
  };
}

/**
 * The thread has no environment: an expression needs no credentials, and the code of a bundle that comes along begins nothing.
 * Resolves when the thread has loaded its code, so that this does not count against the expression.
 */
async function startThread(): Promise<Worker> {
  const { threadName, threadUrl } = await import('./thread.ts');
  const worker = new Worker(threadUrl, { workerData: threadName, resourceLimits, env: {} });
  await once(worker, 'message');
  return worker;
}

function workOf({ expression, eventText, metadata }: Transformation): ThreadWork {
  return { expression, eventText, metadata };
}

function documentOf(answer: ThreadAnswer): EventDocument {
  if (answer.kind === 'failed')
    throw new Failure('InvalidInvocation', `The expression of the Transformer ${answer.reason}.`);
  return answer.isText ? { value: answer.text, form: 'text' } : { value: JSON.parse(answer.text), text: answer.text };
}
