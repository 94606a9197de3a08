import type { FailureCode } from '../failure/failure.ts';

/**
 * The fleet's knowledge about the endpoint of a destination. The bucket of the destination's rate stores it, so every
 * reservation returns it. Times are epoch microseconds; 0 means that there is no such time.
 */
export interface Health {
  /** Number of requests that have failed since the endpoint last answered. */
  readonly failuresInRow: number;
  /** Until this time, the endpoint counts as one that sometimes answers and sometimes fails. */
  readonly mixedUntilUs: number;
  /** When the circuit opened; 0 while it is closed. */
  readonly openedAtUs: number;
  /** Number of probes that have failed since the circuit opened. */
  readonly failedProbes: number;
  /** When the circuit last closed. The rate then starts low and grows. */
  readonly closedAtUs: number;
  /** Mean duration of a request, in microseconds; 0 when not known. */
  readonly answerUs: number;
  /** How long, in microseconds, requests have waited for an answer, as last reported by a worker; 0 after an answer. */
  readonly stalledUs: number;
  /**
   * The end of the latest pause that the endpoint asked for. While `slotsUntilUs` equals this time, no slot after the pause has
   * been given away.
   */
  readonly pauseEndUs: number;
  /** The value of `slotsUntilUs` before a pause or an open circuit moved it. */
  readonly slotsBeforePauseUs: number;
  /** The end of the pause that a person has set. */
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

export type HealthNumber = Exclude<keyof Health, 'lastFailureCode'>;

/** A change of the health as part of a write of the bucket. Members that are not named stay as they are. */
export interface HealthChange {
  readonly set?: Partial<Health>;
  /** A number to add to `failuresInRow`. The same change must not also set `failuresInRow`. */
  readonly addFailures?: number;
}

/**
 * Forgets the observations of the old endpoint or rate, after the destination was changed. A pause that a person has set stays.
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

/** Stands for a pause without an end: later than any time that a clock shows. */
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
