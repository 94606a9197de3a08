import { Failure } from '../core/failure/failure.ts';
import { settleReserveMs } from '../core/delivery/retry.ts';
import type { Clock } from '../ports/clock.ts';

/** The time by which an invocation must have settled all its deliveries. */
export interface Deadline {
  /** When Lambda ends the invocation, epoch ms. */
  readonly endMs: number;
  /** Aborts `settleReserveMs` before the end. */
  readonly signal: AbortSignal;
}

/** Whether an exchange of this duration that begins now ends before the time that is kept for settling. */
export function hasTime(deadline: Deadline, exchangeMs: number, nowMs: number): boolean {
  return nowMs + exchangeMs <= deadline.endMs - settleReserveMs;
}

/** @throws Failure OutOfTime when `hasTime` is false */
export function requireTime(deadline: Deadline, exchangeMs: number, nowMs: number): void {
  if (hasTime(deadline, exchangeMs, nowMs)) return;
  const leftMs = Math.max(0, deadline.endMs - nowMs);
  throw new Failure('OutOfTime', `A request may take ${exchangeMs} ms, but the invocation ends in ${leftMs} ms.`);
}

/**
 * Runs the work with a deadline, and with a signal that aborts early enough to settle before the deadline.
 *
 * @param remainingMs the time that the invocation has left
 */
export async function withDeadline<Result>(
  clock: Clock,
  remainingMs: number,
  work: (deadline: Deadline) => Promise<Result>,
): Promise<Result> {
  const expiry = new AbortController();
  const finished = new AbortController();
  const endMs = clock.nowMs() + remainingMs;
  clock.delay(Math.max(0, remainingMs - settleReserveMs), finished.signal).then(
    () => expiry.abort(new Failure('OutOfTime', 'The invocation is about to end.')),
    () => undefined,
  );
  try {
    return await work({ endMs, signal: expiry.signal });
  } finally {
    finished.abort();
  }
}
