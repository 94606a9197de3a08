import type { FailureCode } from '../failure/failure.ts';

/**
 * What the fleet knows about the endpoint of a destination. It is kept in the bucket of the destination's rate, so every
 * reservation returns it. Times are epoch microseconds; 0 means never, or not now.
 */
export interface Health {
  /** How many attempts the endpoint has failed since it last answered. */
  readonly failuresInRow: number;
  /** The time until which the endpoint counts as one that answers and fails by turns. */
  readonly mixedUntilUs: number;
  /** When the circuit opened; 0 while it is closed. */
  readonly openedAtUs: number;
  /** Number of probes that have failed since the circuit opened. */
  readonly failedProbes: number;
  /** When the circuit closed again. The rate grows from then on. */
  readonly closedAtUs: number;
  /** Mean time from a request to its end, in us; 0 when not known. */
  readonly answerUs: number;
  /** How long requests have waited for an answer, as last told, in us; 0 when an answer has come since. */
  readonly stalledUs: number;
  /** The end of the latest pause that the endpoint asked for. While the slots end there, none was given since. */
  readonly pauseEndUs: number;
  /** Up to when slots were given away before a pause or an open circuit moved that time. */
  readonly slotsBeforePauseUs: number;
  /** The time until which a person has paused the destination. */
  readonly pausedUntilUs: number;
  readonly lastFailureAtUs: number;
  /** Empty before the first failure. */
  readonly lastFailureCode: FailureCode | '';
}

export const unknownHealth: Health = {
  failuresInRow: 0,
  mixedUntilUs: 0,
  openedAtUs: 0,
  failedProbes: 0,
  closedAtUs: 0,
  answerUs: 0,
  stalledUs: 0,
  pauseEndUs: 0,
  slotsBeforePauseUs: 0,
  pausedUntilUs: 0,
  lastFailureAtUs: 0,
  lastFailureCode: '',
};

/** The members of a health that are numbers. */
export type HealthNumber = Exclude<keyof Health, 'lastFailureCode'>;

/** A change of the health within a write of the bucket. Members that it does not name stay as they are. */
export interface HealthChange {
  readonly set?: Partial<Health>;
  /** A number to add to `failuresInRow`. It must not come together with a `set` of `failuresInRow`. */
  readonly addFailures?: number;
}

/**
 * The change of the health after people have changed the destination. What was learned about the old endpoint or rate no
 * longer applies.
 */
export const forgottenHealth: HealthChange = {
  set: {
    failuresInRow: 0,
    mixedUntilUs: 0,
    openedAtUs: 0,
    failedProbes: 0,
    closedAtUs: 0,
    answerUs: 0,
    stalledUs: 0,
    pauseEndUs: 0,
    slotsBeforePauseUs: 0,
  },
};

/** A pause without an end: later than any time that a clock shows. */
export const forEverUs = Number.MAX_SAFE_INTEGER;

export function isOpen({ openedAtUs }: Health): boolean {
  return openedAtUs > 0;
}

export function isPaused({ pausedUntilUs }: Health, nowUs: number): boolean {
  return pausedUntilUs > nowUs;
}

export type HealthState = 'PAUSED' | 'UNHEALTHY' | 'HEALTHY';

export function healthStateOf(health: Health, nowUs: number): HealthState {
  if (isPaused(health, nowUs)) return 'PAUSED';
  return isOpen(health) ? 'UNHEALTHY' : 'HEALTHY';
}
