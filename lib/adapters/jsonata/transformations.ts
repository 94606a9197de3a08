import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { EventDocument } from '../../core/delivery/delivery.ts';
import { Failure } from '../../core/failure/failure.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Transformations } from '../../ports/transformations.ts';
import type { ProcessAnswer, ProcessWork } from './messages.ts';
import { Turns } from './turns.ts';

/**
 * When the process is killed. The process itself gives up after 1 s, but not while one function or regular expression runs. Source of
 * the 1 s: EventBridge user guide, transforming events with JSONata.
 */
const terminateAfterMs = 1100;

/** The process starts in less than a second, also on a busy machine. A start that never ends would hold all expressions of the worker. */
const startWithinMs = 10_000;

/** Enough for an event of 1 MiB, and far less than the memory of a function. */
const maxHeapMegabytes = 96;

/** A transformation that waits for the process. */
interface Waiting {
  readonly work: ProcessWork;
  readonly answered: (answer: ProcessAnswer) => void;
  readonly failed: (error: unknown) => void;
}

/** The answer to an expression, and how long the caller waited for it, without the start of a process. */
interface Evaluated {
  readonly answer: ProcessAnswer;
  readonly tookMs: number;
}

/** The process. It evaluates one expression at a time, and the caller must wait for the answer. */
function createEvaluator(clock: Clock): (work: ProcessWork) => Promise<Evaluated> {
  let evaluator: ChildProcess | undefined;

  return async (work) => {
    // An idle process may have been ended from outside.
    const child = evaluator?.connected === true ? evaluator : await startProcess(clock);
    evaluator = child;
    const finished = new AbortController();
    setReferenced(child, true);
    const beganAtMs = clock.nowMs();
    try {
      const answer = await new Promise<ProcessAnswer>((resolve, reject) => {
        child.once('message', resolve);
        child.once('exit', (code, signal) => {
          // Node ends itself by a signal when it has no memory left, and so does Linux.
          if (signal === null) reject(new Error(`The process that evaluates JSONata ended with the code ${code}.`));
          else resolve({ kind: 'failed', reason: `needs more than ${maxHeapMegabytes} MB of memory` });
        });
        clock.delay(terminateAfterMs, finished.signal).then(
          () => {
            evaluator = undefined;
            resolve({ kind: 'failed', reason: 'runs for more than 1 s' });
            child.kill('SIGKILL');
          },
          () => undefined,
        );
        child.send(work);
      });
      return { answer, tookMs: clock.nowMs() - beganAtMs };
    } finally {
      finished.abort();
      child.removeAllListeners('message').removeAllListeners('exit');
      setReferenced(child, false);
    }
  };
}

/** While it evaluates nothing, the process does not keep this one running. */
function setReferenced(child: ChildProcess, isReferenced: boolean): void {
  if (isReferenced) {
    child.ref();
    child.channel?.ref();
  } else {
    child.unref();
    child.channel?.unref();
  }
}

/**
 * Evaluates JSONata in one process, one expression at a time. The process is started with the first expression, and anew after an
 * expression that it did not survive. A thread would not do: one large string makes V8 end the whole process of the thread.
 * The destinations take turns by the time that they have used, so that slow expressions of one hold up an event of another once.
 *
 * Failure policy: an expression that runs too long or needs too much memory is a permanent failure of its own event. The events
 * behind it are evaluated in the next process. An event whose invocation is about to end is not evaluated, and is tried again later.
 */
export function createJsonataTransformations(clock: Clock): Transformations {
  const run = createEvaluator(clock);
  const turns = new Turns<Waiting>();
  let isRunning = false;

  async function runAll(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    for (let turn = turns.next(); turn !== undefined; turn = turns.next()) {
      const { destination, work: one } = turn;
      let usedMs = 0;
      await run(one.work).then(({ answer, tookMs }) => {
        usedMs = tookMs;
        one.answered(answer);
      }, one.failed);
      turns.end(destination, usedMs);
    }
    isRunning = false;
  }

  return {
    async apply({ destination, expression, eventText, metadata }, signal) {
      const answer = Promise.withResolvers<ProcessAnswer>();
      const one = { work: { expression, eventText, metadata }, answered: answer.resolve, failed: answer.reject };
      const leave = (): void => {
        turns.remove(destination, one);
        answer.reject(new Failure('OutOfTime', 'The invocation had to end before the Transformer had its turn.'));
      };
      if (signal.aborted) leave();
      else turns.add(destination, one);
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
 * The process has no environment but the path of libraries that Node may need, because an expression needs no credentials. Resolves
 * when the process has loaded its code, so that this does not count against the expression.
 */
async function startProcess(clock: Clock): Promise<ChildProcess> {
  const { processName, processUrl } = await import('./process.ts');
  const { LD_LIBRARY_PATH } = process.env;
  const child = fork(fileURLToPath(processUrl), [processName], {
    env: LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH },
    execArgv: [`--max-old-space-size=${maxHeapMegabytes}`],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const started = new AbortController();
  try {
    await new Promise<unknown>((resolve, reject) => {
      child.once('message', resolve).once('error', reject);
      child.once('exit', () => reject(new Error('The process that evaluates JSONata did not start.')));
      clock.delay(startWithinMs, started.signal).then(
        () => child.kill('SIGKILL'),
        () => undefined,
      );
    });
  } finally {
    started.abort();
  }
  child.removeAllListeners('exit');
  // A message to a process that has just ended is an error. The event `exit` tells the same.
  return child.on('error', () => undefined);
}

function documentOf(answer: ProcessAnswer): EventDocument {
  if (answer.kind === 'failed')
    throw new Failure('InvalidInvocation', `The expression of the Transformer ${answer.reason}.`);
  return answer.isText ? { value: answer.text, form: 'text' } : { value: JSON.parse(answer.text), text: answer.text };
}
