import { Failure, isUnsendable } from '../../core/failure/failure.ts';
import { messageGroupOf } from '../../core/message/queued-delivery.ts';
import type { RedriveRequest } from '../../core/message/redrive-request.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeadLetterMessages, DeliveryQueue } from '../../ports/delivery.ts';
import type { Deadline } from '../deadline.ts';
import { createPace } from './pace.ts';
import type { MatchingDeadLetter, RedriveResult } from './pass.ts';
import { RedrivePass } from './pass.ts';
import { readQueue, releaseAll } from './read-queue.ts';

export interface RedriveDependencies {
  readonly deadLetters: DeadLetterMessages;
  readonly queue: DeliveryQueue;
  readonly clock: Clock;
  /** The API destination of events without an envelope, when the functions have one. */
  readonly apiDestination: string | undefined;
}

export type Redrive = (request: RedriveRequest, deadline: Deadline) => Promise<RedriveResult>;

/** SQS allows 120,000 messages of a queue in flight, and other readers of the dead letters need some of them. */
const maxKept = 100_000;

/**
 * Moves dead letters back to the delivery queue until all have been read, the maximum is reached or the deadline is near.
 *
 * Failure policy: a dead letter may be delivered twice, but is never lost. It is deleted only after the delivery queue
 * has accepted its delivery. When that deletion fails, the pass ends with an error, because otherwise it could move the
 * same dead letters again and again. A message stays in the queue and is listed if it cannot become a delivery, or if the
 * delivery queue will never take it. All others are moved. Messages that stay are made visible again at the end; when that
 * fails, SQS does it after the visibility timeout.
 *
 * @throws Failure StoreUnavailable or StoreRefused of a queue; it says how many dead letters had been moved before
 */
export function createRedrive({ deadLetters, queue, clock, apiDestination }: RedriveDependencies): Redrive {
  async function move(pass: RedrivePass, matching: readonly MatchingDeadLetter[]): Promise<void> {
    const send = ({ delivery }: MatchingDeadLetter) =>
      queue.send({ delivery }, messageGroupOf(delivery.apiDestination));
    const sends = await Promise.allSettled(matching.map(send));
    const accepted = matching.filter((_, index) => sends[index]?.status === 'fulfilled');
    await deadLetters.remove(accepted.map(({ messageId }) => pass.hidden.remove(messageId)));
    for (const [index, { messageId }] of matching.entries()) {
      const sent = sends[index];
      if (sent?.status !== 'rejected') continue;
      if (!isUnsendable(sent.reason)) throw sent.reason;
      pass.addUnreadable({ messageId, reason: `${sent.reason.code}: ${sent.reason.message}` });
    }
  }

  return async (request, deadline) => {
    const pass = new RedrivePass(request, apiDestination, clock.nowMs());
    const pace = createPace(request.ratePerSecond, clock, deadline.signal);
    const { failures, isWhole } = await readQueue({
      deadLetters,
      clock,
      deadline,
      hidden: pass.hidden,
      maxHidden: maxKept,
      isFull: () => pass.isFull,
      async handle(received, fresh, state) {
        await deadLetters.remove(pass.hidden.returned(received));
        const matching = fresh.flatMap((message) => pass.match(message, clock.nowMs()) ?? []);
        if (request.dryRun) return true;
        for (const batch of pace.batches(matching)) {
          if (state.failures.length > 0 || !(await pace.wait(batch.length))) return false;
          await move(pass, batch);
        }
        return true;
      },
    });
    await releaseAll(deadLetters, pass.hidden);
    const result = pass.result(!isWhole);
    if (failures.length > 0) throw withCount(failures[0], result.moved);
    return result;
  };
}

function withCount(error: unknown, moved: number): unknown {
  if (!(error instanceof Failure)) return error;
  return new Failure(error.code, `${error.message} Moved before that: ${moved}.`, { cause: error });
}
