/** The destinations whose configuration changes. */
export const changingNames = ['healthy', 'failing', 'slow'] as const;
export type ChangingName = (typeof changingNames)[number];

/** These destinations never answer. `hung` accepts connections only; the host name of `unresolvable` does not exist. */
export const deadNames = ['hung', 'unresolvable'] as const;

export const destinationNames = [...changingNames, ...deadNames] as const;
export type DestinationName = (typeof destinationNames)[number];

export function isDead(name: string): boolean {
  return deadNames.some((dead) => dead === name);
}

/** At this age, an event for a dead destination becomes a dead letter. A target cannot set a lower age limit. */
export const deadEventAgeSeconds = 60;

/** The time during which events are sent. For a dead destination it is shorter, so that its events expire before the end. */
export function sendingMsOf(name: DestinationName, durationMs: number): number {
  return isDead(name) ? Math.max(1000, durationMs - deadEventAgeSeconds * 1000) : durationMs;
}

export type Interruption =
  /** `kill -9`. With `againAfterMs`, the next process is killed too, this long after its start, even if it is not ready yet. */
  | { readonly kind: 'kill'; readonly againAfterMs?: number }
  /** SIGSTOP, and SIGCONT after `forMs`. */
  | { readonly kind: 'freeze'; readonly forMs: number };

/** Members of PutDeliveryPolicy. */
export interface PlannedPolicy {
  readonly TimeoutSeconds?: number;
  readonly MaximumConcurrencyPerWorker?: number;
  readonly RetryPolicy?: { readonly MaximumRetryAttempts: number };
}

export type Change = { readonly destination: ChangingName } & (
  | { readonly kind: 'rate'; readonly ratePerSecond: number }
  /** A new path of the invocation endpoint. */
  | { readonly kind: 'path' }
  | { readonly kind: 'credentials' }
  | { readonly kind: 'policy'; readonly policy: PlannedPolicy }
);

export interface Planned<What> {
  /** Time since the beginning of the soak. */
  readonly atMs: number;
  readonly what: What;
}

export interface Traffic {
  /** Values for InvocationRateLimitPerSecond. The first one applies at the beginning. */
  readonly rates: readonly [number, ...number[]];
  /** The average, which is below the lowest rate, so that every backlog ends. */
  readonly eventsPerSecond: number;
  /** The number of events in a burst. It is twice the highest rate per second, so that the rate delays some of them. */
  readonly burst: number;
}

export const traffic: Readonly<Record<DestinationName, Traffic>> = {
  healthy: { rates: [40, 20, 30], eventsPerSecond: 8, burst: 80 },
  failing: { rates: [30, 15, 20], eventsPerSecond: 4, burst: 60 },
  // A few requests to this destination at a time are enough to occupy the stack's event source, which processes ten batches at
  // once.
  slow: { rates: [4, 3, 6], eventsPerSecond: 0.6, burst: 12 },
  hung: { rates: [30], eventsPerSecond: 2, burst: 40 },
  unresolvable: { rates: [30], eventsPerSecond: 2, burst: 40 },
};

/** A soak must have room for this many of the shortest gaps. In a shorter soak, the gaps are made shorter. */
const shortSoakParts = 8;

const interruptionGapMs = { least: 4000, most: 20_000 };
const changeGapMs = { least: 2000, most: 8000 };

const kills = 0.55;
/** After this share of the kills, the next process is killed too, perhaps before it is ready. */
const killedWhileStarting = 0.25;
const longestSecondKillMs = 1500;

const freezeMs = { least: 100, most: 6000 };

/**
 * Plans when one of the two stacks is killed or frozen. The first interruption is a kill. The same seed and duration give the same
 * plan.
 */
export function planInterruptions(seed: number, durationMs: number): readonly Planned<Interruption>[] {
  const random = namedRandom(seed, 'interruptions');
  return schedule(random, durationMs, interruptionGapMs, (index) => {
    if (index > 0 && random() >= kills)
      return { kind: 'freeze', forMs: Math.round(between(random, freezeMs.least, freezeMs.most)) };
    if (random() >= killedWhileStarting) return { kind: 'kill' };
    return { kind: 'kill', againAfterMs: Math.round(between(random, 0, longestSecondKillMs)) };
  });
}

const changeKinds = ['rate', 'path', 'credentials', 'policy'] as const;

/**
 * Plans the changes of the configuration. Each kind of change comes once for each destination before any is repeated.
 * The same seed and duration give the same plan.
 */
export function planChanges(seed: number, durationMs: number): readonly Planned<Change>[] {
  const random = namedRandom(seed, 'changes');
  const all = changeKinds.flatMap((kind) => changingNames.map((destination) => ({ kind, destination })));
  let left: typeof all = [];
  return schedule(random, durationMs, changeGapMs, () => {
    if (left.length === 0) left = shuffled(random, all);
    const { kind, destination } = left.pop() ?? { kind: 'path', destination: 'healthy' };
    switch (kind) {
      case 'rate':
        return { kind, destination, ratePerSecond: oneOf(random, traffic[destination].rates) };
      case 'policy':
        return { kind, destination, policy: planPolicy(random, destination) };
      default:
        return { kind, destination };
    }
  });
}

function planPolicy(random: Random, destination: ChangingName): PlannedPolicy {
  switch (destination) {
    case 'healthy':
      return { MaximumConcurrencyPerWorker: wholeBetween(random, 10, 50) };
    case 'failing':
      return { RetryPolicy: { MaximumRetryAttempts: wholeBetween(random, 3, 10) } };
    case 'slow':
      return { TimeoutSeconds: wholeBetween(random, 6, 15) };
  }
}

function schedule<What>(
  random: Random,
  durationMs: number,
  gapMs: { readonly least: number; readonly most: number },
  draw: (index: number) => What,
): Planned<What>[] {
  const planned: Planned<What>[] = [];
  const least = Math.min(gapMs.least, durationMs / shortSoakParts);
  const most = Math.min(gapMs.most, (2 * durationMs) / shortSoakParts);
  for (let atMs = between(random, least, most); atMs < durationMs; atMs += between(random, least, most)) {
    planned.push({ atMs: Math.round(atMs), what: draw(planned.length) });
  }
  return planned;
}

/** Returns numbers from 0 up to, but not including, 1. */
export type Random = () => number;

/** A random number generator that gives the same numbers for the same seed. Source: mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Each name has random numbers of its own, which do not depend on the numbers drawn for other names. Source: FNV-1a. */
export function namedRandom(seed: number, name: string): Random {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < name.length; index += 1)
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193) >>> 0;
  return seededRandom(hash);
}

export function between(random: Random, least: number, most: number): number {
  return least + random() * (most - least);
}

/** @returns a whole number from `least` to `most`, both included */
export function wholeBetween(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

export function oneOf<T>(random: Random, things: readonly [T, ...T[]]): T {
  return things[Math.floor(random() * things.length)] ?? things[0];
}

export function shuffled<T>(random: Random, things: readonly T[]): T[] {
  return things
    .map((thing) => ({ thing, key: random() }))
    .toSorted((one, other) => one.key - other.key)
    .map(({ thing }) => thing);
}
