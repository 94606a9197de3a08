/** The times that the overview can show, each with the length of one period of its charts. */
export const overviewRanges = {
  '1h': { seconds: 3600, periodSeconds: 60 },
  '24h': { seconds: 86_400, periodSeconds: 900 },
  '7d': { seconds: 604_800, periodSeconds: 7200 },
} as const;

export type OverviewRange = keyof typeof overviewRanges;

export function isOverviewRange(name: unknown): name is OverviewRange {
  return typeof name === 'string' && Object.hasOwn(overviewRanges, name);
}

/** The answer to another range. */
export const unknownRange = {
  code: 'ValidationException',
  message: `Parameter Range is not valid. Reason: It must be one of ${Object.keys(overviewRanges).join(', ')}.`,
} as const;

/** The periods of a range, the last of which has the present in it. They begin at multiples of their length, as in CloudWatch. */
export function periodsOf(range: OverviewRange, nowMs: number): { readonly begin: number; readonly count: number } {
  const { seconds, periodSeconds } = overviewRanges[range];
  const end = (Math.floor(nowMs / 1000 / periodSeconds) + 1) * periodSeconds;
  return { begin: end - seconds, count: seconds / periodSeconds };
}

/** The answer of GetOverview. Each list has a member for each period; null where nothing was measured. */
export interface Overview {
  /** When the first period begins, in seconds since 1970. */
  readonly Begin: number;
  readonly PeriodSeconds: number;
  /** Events that an endpoint has accepted. */
  readonly Delivered: readonly number[];
  /** Events that became dead letters. */
  readonly Failed: readonly number[];
  readonly P50Milliseconds: readonly (number | null)[];
  readonly P99Milliseconds: readonly (number | null)[];
  /** API destinations to which only probes are sent. */
  readonly OpenCircuits: number;
  /** The number of API destinations that were checked for open circuits; absent when all of them were. */
  readonly DestinationsRead?: number;
  readonly WaitingEvents: number;
  /** How long the oldest of them has waited; absent when none waits, or when it is not known. */
  readonly OldestWaitSeconds?: number;
  /** Absent when they were not counted. */
  readonly DeadLetters?: number;
  readonly Samples: OverviewSamples;
  /** Absent when the stack has no alarms, as the local one. */
  readonly Alarms?: readonly OverviewAlarm[];
}

/** Numbers that are read from time to time. Each list has the largest value of each period; null where nothing was read. */
export interface OverviewSamples {
  /** When the local stack read them first, in seconds since 1970; absent for a deployed stack, where CloudWatch keeps them. */
  readonly Since?: number;
  readonly WaitingEvents: readonly (number | null)[];
  readonly OldestWaitSeconds: readonly (number | null)[];
  /** For a deployed stack: how many circuits opened and how many probes failed. */
  readonly OpenCircuits: readonly (number | null)[];
}

export interface OverviewAlarm {
  /** Without the name of the stack. */
  readonly Name: string;
  readonly Description?: string;
  readonly State: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  readonly Since?: number;
}
