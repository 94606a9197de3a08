import { Failure, isUnsendable } from '../../core/failure/failure.ts';
import { messageGroupOf } from '../../core/message/queued-delivery.ts';
import type { RedriveRequest } from '../../core/message/redrive-request.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeadLetterMessages, DeliveryQueue } from '../../ports/delivery.ts';
import type { Deadline } from '../deadline.ts';
import { hasTime } from '../deadline.ts';
import { createPace, inBatches } from './pace.ts';
import type { MatchingDeadLetter, RedriveResult } from './pass.ts';
import { RedrivePass } from './pass.ts';

export interface RedriveDependencies {
  readonly deadLetters: DeadLetterMessages;
  readonly queue: DeliveryQueue;
  readonly clock: Clock;
  /** The API destination of events without an envelope, when the functions have one. */
  readonly apiDestination: string | undefined;
}

export type Redrive = (request: RedriveRequest, deadline: Deadline) => Promise<RedriveResult>;

/** Loops that receive, send and delete at the same time. Each call of a queue takes about 15 ms and handles ten messages. */
const laneCount = 8;

/** SQS allows 120,000 messages of a queue in flight, and other readers of the dead letters need some of them. */
const maxKept = 100_000;

/**
 * Time to make one kept message visible again, with a margin. One call makes ten messages visible, and `laneCount` calls run at
 * a time.
 */
const releaseMs = 0.25;

/** A message stays hidden for longer than the pass lasts, so that the pass does not receive it again. */
const hiddenMarginMs = 30_000;

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
    await deadLetters.remove(accepted.map((deadLetter) => pass.addMoved(deadLetter)));
    for (const [index, { messageId }] of matching.entries()) {
      const sent = sends[index];
      if (sent?.status !== 'rejected') continue;
      if (!isUnsendable(sent.reason)) throw sent.reason;
      pass.addUnreadable({ messageId, reason: `${sent.reason.code}: ${sent.reason.message}` });
    }
  }

  async function release(pass: RedrivePass): Promise<void> {
    const batches = inBatches(pass.keptHandles).values();
    const lane = async (): Promise<void> => {
      for (const batch of batches) await deadLetters.release(batch);
    };
    await Promise.allSettled(Array.from({ length: laneCount }, lane));
  }

  return async (request, deadline) => {
    const pass = new RedrivePass(request, apiDestination, clock.nowMs());
    const pace = createPace(request.ratePerSecond, clock, deadline.signal);
    const failures: unknown[] = [];

    const goesOn = (): boolean =>
      failures.length === 0 &&
      !deadline.signal.aborted &&
      !pass.isFull &&
      pass.keptCount < maxKept &&
      hasTime(deadline, pass.keptCount * releaseMs, clock.nowMs());

    /** @returns whether this loop has found the queue empty */
    async function lane(): Promise<boolean> {
      while (goesOn()) {
        const received = await deadLetters.receive(deadline.endMs - clock.nowMs() + hiddenMarginMs);
        const fresh = pass.take(received);
        await deadLetters.remove(pass.shownAgain(received));
        if (received.length === 0) return true;
        const matching = fresh.flatMap((message) => pass.match(message, clock.nowMs()) ?? []);
        if (request.dryRun) continue;
        for (const batch of pace.batches(matching)) {
          if (failures.length > 0 || !(await pace.wait(batch.length))) return false;
          await move(pass, batch);
        }
      }
      return false;
    }

    const lanes = Array.from({ length: laneCount }, () =>
      lane().catch((error: unknown) => {
        failures.push(error);
        return false;
      }),
    );
    const ends = await Promise.all(lanes);
    await release(pass);
    const result = pass.result(ends.includes(false));
    if (failures.length > 0) throw withCount(failures[0], result.moved);
    return result;
  };
}

function withCount(error: unknown, moved: number): unknown {
  if (!(error instanceof Failure)) return error;
  return new Failure(error.code, `${error.message} Moved before that: ${moved}.`, { cause: error });
}
