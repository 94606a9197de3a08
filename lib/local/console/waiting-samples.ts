import type { OverviewSamples } from '../../console/api/overview.ts';
import type { Clock } from '../../ports/clock.ts';
import type { WaitingDeliveries } from '../history/history-summary.ts';
import type { SqliteDeliveryHistory } from '../history/sqlite-history.ts';

const minuteMs = 60_000;

/** The longest range of the overview, 7 days. */
const keptMinutes = 7 * 24 * 60;

/** The largest values of one minute. */
interface Sample {
  /** Minutes since 1970. */
  readonly minute: number;
  readonly waiting: number;
  readonly oldestWaitMs: number;
  readonly openCircuits: number;
}

interface RegionSamples {
  readonly sinceMs: number;
  /** One for each minute in which something was read, the oldest first. */
  readonly samples: Sample[];
}

export interface WaitingSamplesOptions {
  readonly history: Pick<SqliteDeliveryHistory, 'waiting'>;
  readonly clock: Clock;
  readonly reportFault: (where: string, error: unknown) => void;
}

/**
 * How many events waited, for how long, and how many circuits were open, each minute of the last 7 days. To count them
 * later, every record of the history would be read. The samples are in memory, so a new process begins without any.
 *
 * Failure policy: when the history cannot be read, this minute has no sample, and the terminal says so.
 */
export class WaitingSamples {
  readonly #options: WaitingSamplesOptions;
  readonly #stopped = new AbortController();
  readonly #regions = new Map<string, RegionSamples>();

  constructor(options: WaitingSamplesOptions) {
    this.#options = options;
  }

  /** Reads the history each minute until the stop. */
  start(): void {
    void this.#run(this.#stopped.signal);
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Keeps what somebody has just read from the history. */
  add(region: string, { waiting, oldestBeganAtMs, openCircuits }: WaitingDeliveries): void {
    const nowMs = this.#options.clock.nowMs();
    const { samples } = this.#of(region, nowMs);
    const last = samples.at(-1);
    const now: Sample = {
      minute: Math.floor(nowMs / minuteMs),
      waiting,
      oldestWaitMs: oldestBeganAtMs === undefined ? 0 : Math.max(0, nowMs - oldestBeganAtMs),
      openCircuits,
    };
    // The clock may step back. Then the last minute goes on until the clock has passed it again.
    if (last === undefined || now.minute > last.minute) samples.push(now);
    else samples[samples.length - 1] = largest(last, now);
    const oldest = now.minute - keptMinutes;
    while (samples[0] !== undefined && samples[0].minute <= oldest) samples.shift();
  }

  /** The largest values of each period. */
  periodsOf(region: string, begin: number, periodSeconds: number, count: number): OverviewSamples {
    const { sinceMs, samples } = this.#of(region, this.#options.clock.nowMs());
    const empty = (): (number | null)[] => Array.from({ length: count }, () => null);
    const [WaitingEvents, OldestWaitSeconds, OpenCircuits] = [empty(), empty(), empty()];
    const raise = (values: (number | null)[], period: number, value: number): void => {
      values[period] = Math.max(values[period] ?? 0, value);
    };
    for (const { minute, waiting, oldestWaitMs, openCircuits } of samples) {
      const period = Math.floor((minute * 60 - begin) / periodSeconds);
      if (period < 0 || period >= count) continue;
      raise(WaitingEvents, period, waiting);
      raise(OldestWaitSeconds, period, oldestWaitMs / 1000);
      raise(OpenCircuits, period, openCircuits);
    }
    return { Since: sinceMs / 1000, WaitingEvents, OldestWaitSeconds, OpenCircuits };
  }

  #of(region: string, nowMs: number): RegionSamples {
    const known = this.#regions.get(region) ?? { sinceMs: nowMs, samples: [] };
    this.#regions.set(region, known);
    return known;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { history, clock, reportFault } = this.#options;
    for (;;) {
      await clock.delay(minuteMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const waiting = history.waiting();
        for (const region of new Set([...this.#regions.keys(), ...waiting.keys()]))
          this.add(region, waiting.get(region) ?? { waiting: 0, openCircuits: 0 });
      } catch (error) {
        reportFault('the charts of the overview', error);
      }
    }
  }
}

function largest(one: Sample, other: Sample): Sample {
  return {
    minute: one.minute,
    waiting: Math.max(one.waiting, other.waiting),
    oldestWaitMs: Math.max(one.oldestWaitMs, other.oldestWaitMs),
    openCircuits: Math.max(one.openCircuits, other.openCircuits),
  };
}
