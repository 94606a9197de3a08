import type { CallOperation } from '../data/call.ts';
import { operationErrorOf } from '../data/call.ts';
import type { DeadLetter } from '../data/lastmile-operations.ts';
import type { RedriveFilter } from '../data/own-operations.ts';

/** A dead letter that was not moved, and why. */
export interface NotMoved {
  readonly name: string;
  readonly reason: string;
}

export interface RedriveProgress {
  readonly moved: number;
  readonly notMoved: readonly NotMoved[];
  /** Why the redrive ended before it had tried every dead letter. */
  readonly stopped?: string;
}

interface RedriveOptions {
  readonly call: CallOperation;
  /** undefined means as fast as the stack can. */
  readonly ratePerSecond: number | undefined;
  /** Ends the redrive before the next dead letter. */
  readonly signal: AbortSignal;
  readonly report: (progress: RedriveProgress) => void;
}

export type Redrive = (options: RedriveOptions) => Promise<void>;

const stoppedByPerson = 'You have stopped it.';

/** A call moves the dead letters of about this time, so that the person sees progress and can stop. */
const secondsPerCall = 2;
const maximumPerCall = 500;

/**
 * Moves every dead letter that matches, with calls that move a part each.
 *
 * Failure policy: it stops at the first refusal. What was moved stays moved, and the rest stays in the queue.
 */
export function redriveAll(filter: RedriveFilter): Redrive {
  return async ({ call, ratePerSecond, signal, report }) => {
    const inTime = Math.max(1, Math.round((ratePerSecond ?? maximumPerCall) * secondsPerCall));
    const rate = ratePerSecond !== undefined && { RatePerSecond: ratePerSecond };
    let [moved, Before, notMoved] = [0, filter.Before, [] as readonly NotMoved[]];
    while (!signal.aborted) {
      const input = {
        ...filter,
        ...rate,
        ...(Before !== undefined && { Before }),
        Maximum: Math.min(inTime, maximumPerCall),
      };
      const result = await call('RedriveDeadLetters', input);
      moved += result.Moved;
      ({ Before } = result);
      notMoved = result.NotDeliverable.map(({ MessageId, Reason }) => ({
        name: `Message ${MessageId}`,
        reason: Reason,
      }));
      report({ moved, notMoved });
      if (!result.More) return;
      if (result.Moved === 0)
        return report({ moved, notMoved, stopped: 'The last call moved none of the dead letters that it read.' });
    }
    report({ moved, notMoved, stopped: stoppedByPerson });
  };
}

/** Moves the given dead letters, one after the other. It goes on after a refusal, which it reports with the name of the dead letter. */
export function redriveEach(
  deadLetters: readonly DeadLetter[],
  pause: (ms: number, signal: AbortSignal) => Promise<void>,
): Redrive {
  return async ({ call, ratePerSecond, signal, report }) => {
    let [moved, notMoved] = [0, [] as readonly NotMoved[]];
    for (const deadLetter of deadLetters) {
      if (signal.aborted) return report({ moved, notMoved, stopped: stoppedByPerson });
      const { EventId = '', ApiDestinationName = '', Rule, TargetId } = deadLetter;
      try {
        await call('ReplayDelivery', {
          EventId,
          ApiDestinationName,
          ...(Rule !== undefined && { Rule }),
          ...(TargetId !== undefined && { TargetId }),
        });
        moved += 1;
      } catch (error) {
        notMoved = [...notMoved, { name: `Event ${EventId}`, reason: operationErrorOf(error).message }];
      }
      report({ moved, notMoved });
      if (ratePerSecond !== undefined) await pause(1000 / ratePerSecond, signal);
    }
  };
}

/** Waits. Ends early, without an error, when the signal aborts. */
export async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}

/** A dead letter can be redriven alone if its delivery can be named. */
export function canRedriveAlone({ EventId, ApiDestinationName, UnreadableReason }: DeadLetter): boolean {
  return EventId !== undefined && ApiDestinationName !== undefined && UnreadableReason === undefined;
}

/** @returns undefined for an empty text; 'wrong' when it is not a rate */
export function rateIn(text: string): number | undefined | 'wrong' {
  if (text.trim() === '') return undefined;
  const rate = Number(text);
  return rate >= 0.1 && rate <= 10_000 ? rate : 'wrong';
}
