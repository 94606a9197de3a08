import type { Conclusion, Delivery } from '../core/delivery/delivery.ts';
import type { Clock } from '../ports/clock.ts';
import type { DeliveryLog } from '../ports/delivery.ts';
import type { EventKeeper } from '../ports/kept-events.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Deadline } from './deadline.ts';

/** How long an invocation whose deliveries have ended waits for their texts to be kept. A write to S3 usually takes 20 to 50 ms. */
const longestWriteWaitMs = 1000;

export interface KeepingDependencies {
  readonly keeper: EventKeeper;
  readonly log: DeliveryLog;
  readonly metrics: Pick<Metrics, 'count'>;
  readonly clock: Clock;
}

/** Keeps the texts of deliveries while they are delivered. */
export interface Keeping {
  /**
   * Keeps the delivery together with all others that are given in the same turn of the invocation.
   *
   * @param deadline the invocation's own, as `during` got it
   * @returns the log for the delivery's conclusion
   */
  keep(delivery: Delivery, deadline: Deadline): DeliveryLog;
  /** Runs an invocation. Resolves when all its conclusions are recorded. */
  during<Result>(deadline: Deadline, invocation: () => Promise<Result>): Promise<Result>;
}

/**
 * Failure policy: an event that is not kept is delivered all the same. A conclusion is recorded only when its text is kept or the
 * write has failed, so that no conclusion names a text that does not exist. The deliveries do not wait for the write. At their end,
 * the invocation waits for it a second at most, and never into the time that is reserved for settling. Then the conclusions are
 * recorded without a location, although the write may still have taken effect. Each event without a location is counted.
 */
export function createKeeping({ keeper, log, metrics, clock }: KeepingDependencies): Keeping {
  const invocations = new WeakMap<Deadline, Invocation>();

  function invocationOf(deadline: Deadline): Invocation {
    const found = invocations.get(deadline) ?? new Invocation(keeper, deadline.signal);
    invocations.set(deadline, found);
    return found;
  }

  function record(conclusion: Conclusion, location: string | undefined): void {
    if (location === undefined) metrics.count('EventsNotKept');
    log.record(location === undefined ? conclusion : { ...conclusion, kept: location });
  }

  return {
    keep(delivery, deadline) {
      const invocation = invocationOf(deadline);
      const location = invocation.add(delivery);
      return {
        record(conclusion) {
          invocation.recorded.push(location.then((kept) => record(conclusion, kept)));
        },
      };
    },
    async during(deadline, run) {
      try {
        return await run();
      } finally {
        const invocation = invocations.get(deadline);
        if (invocation !== undefined) await invocation.finish(clock);
      }
    },
  };
}

/** The texts that one invocation keeps. */
class Invocation {
  /** Each is fulfilled when a conclusion is recorded. */
  readonly recorded: Promise<void>[] = [];
  readonly #keeper: EventKeeper;
  readonly #expiry = new AbortController();
  /** Resolves without locations when the time is over. */
  readonly #expired: Promise<readonly string[]>;
  /** The deliveries that the next write has. */
  #next: { readonly deliveries: Delivery[]; readonly locations: Promise<readonly string[]> } | undefined;

  constructor(keeper: EventKeeper, signal: AbortSignal) {
    this.#keeper = keeper;
    this.#expired = new Promise((resolve) => {
      this.#expiry.signal.addEventListener('abort', () => resolve([]), { once: true });
    });
    const expire = (): void => this.#expiry.abort(signal.reason);
    if (signal.aborted) expire();
    else signal.addEventListener('abort', expire, { once: true });
  }

  /** @returns the location; undefined when the delivery was not kept in time */
  async add(delivery: Delivery): Promise<string | undefined> {
    this.#next ??= this.#gather();
    const { deliveries, locations } = this.#next;
    const index = deliveries.push(delivery) - 1;
    return (await locations)[index];
  }

  async finish(clock: Clock): Promise<void> {
    const timer = new AbortController();
    clock.delay(longestWriteWaitMs, timer.signal).then(
      () => this.#expiry.abort(),
      () => undefined,
    );
    await Promise.all(this.recorded);
    timer.abort();
  }

  /** The deliveries of a batch are parsed one after another in the same turn, so all of them are there in the next microtask. */
  #gather() {
    const deliveries: Delivery[] = [];
    const written = Promise.resolve().then(() => {
      this.#next = undefined;
      return this.#keeper.keep(deliveries, this.#expiry.signal);
    });
    return { deliveries, locations: Promise.race([written.catch(() => []), this.#expired]) };
  }
}
