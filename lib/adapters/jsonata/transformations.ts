import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { EventDocument } from '../../core/delivery/delivery.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Transformations } from '../../ports/transformations.ts';
import type { ThreadAnswer, ThreadWork } from './messages.ts';

/**
 * When a thread is terminated. The thread itself gives up after 1 s, but not while one function or regular expression runs. Source of
 * the 1 s: EventBridge user guide, transforming events with JSONata.
 */
const terminateAfterMs = 1100;

/** Enough for an event of 1 MiB, and far less than the memory of a function. */
const resourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 } as const;

/** A transformation that waits for the thread. */
interface Waiting {
  readonly work: ThreadWork;
  readonly answered: (answer: ThreadAnswer) => void;
  readonly failed: (error: unknown) => void;
}

/** The thread. It evaluates one expression at a time, and the caller must wait for the answer. */
function createThread(clock: Clock): (work: ThreadWork) => Promise<ThreadAnswer> {
  let thread: Promise<Worker> | undefined;

  return async (work) => {
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
  };
}

/**
 * Evaluates JSONata in one thread, one expression at a time. The thread is started with the first expression, and anew after an
 * expression that it did not survive. The destinations take turns, so that many slow expressions of one do not hold up the others.
 *
 * Failure policy: an expression that runs too long or needs too much memory is a permanent failure of its own event. The events
 * behind it are evaluated in the next thread. An event whose invocation is about to end is not evaluated, and is tried again later.
 */
export function createJsonataTransformations(clock: Clock): Transformations {
  const run = createThread(clock);
  let isRunning = false;
  /** By destination. The first destination has the next turn. */
  const waiting = new Map<string, Set<Waiting>>();

  async function runAll(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    for (let [turn] = waiting; turn !== undefined; [turn] = waiting) {
      const [destination, line] = turn;
      const [next] = line;
      if (next !== undefined) {
        line.delete(next);
        await run(next.work).then(next.answered, next.failed);
      }
      // The destination's next turn comes after those of all others, also of those that came meanwhile.
      waiting.delete(destination);
      if (line.size > 0) waiting.set(destination, line);
    }
    isRunning = false;
  }

  return {
    async apply({ destination, expression, eventText, metadata }, signal) {
      const answer = Promise.withResolvers<ThreadAnswer>();
      const line = waiting.get(destination) ?? new Set();
      const one = { work: { expression, eventText, metadata }, answered: answer.resolve, failed: answer.reject };
      const leave = (): void => {
        line.delete(one);
        answer.reject(new Failure('OutOfTime', 'The invocation had to end before the Transformer had its turn.'));
      };
      if (signal.aborted) leave();
      else waiting.set(destination, line.add(one));
      signal.addEventListener('abort', leave, { once: true });
      void runAll();
      try {
        return documentOf(await answer.promise);
      } finally {
        signal.removeEventListener('abort', leave);
      }
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

function documentOf(answer: ThreadAnswer): EventDocument {
  if (answer.kind === 'failed')
    throw new Failure('InvalidInvocation', `The expression of the Transformer ${answer.reason}.`);
  return answer.isText ? { value: answer.text, form: 'text' } : { value: JSON.parse(answer.text), text: answer.text };
}
