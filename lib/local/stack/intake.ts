import type { Clock } from '../../ports/clock.ts';
import { LoopUtilization } from './loop-utilization.ts';

export interface IntakeOptions {
  /** How many accepted events wait until their delivery begins. Events whose delivery is put off do not count. */
  readonly behind: () => number;
  readonly clock: Clock;
  /** The share of recent time in which this process was busy, from 0 to 1. Default: that of its event loop. */
  readonly utilization?: () => number;
}

/** Five batches, so that the deliveries never wait for the intake. */
const maxBehind = 50;

/**
 * From this utilization on, the deliveries use the process. Those of one destination never use all of it, because they have a third of
 * the invocations. Deliveries that wait for an endpoint of 200 ms, or for their rate, use less than a fifth.
 */
const busyFrom = 0.4;

const lookEveryMs = 2;

/** Well below the time after which clients give up or send again. */
const maxWaitMs = 500;

interface Waiting {
  readonly events: number;
  readonly untilMs: number;
  readonly begin: () => void;
}

/**
 * Shares this process between accepting events and delivering them. Accepting is cheaper, so without this a burst would be accepted
 * first and then delivered, and each of its events would arrive seconds later.
 *
 * Failure policy: a call waits only while the process is busy, and at most half a second. So the events of an endpoint that is slow,
 * paused or limited delay no call: their deliveries wait without using the process.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #utilization: () => number;
  readonly #line: Waiting[] = [];
  #isLooking = false;
  #isStopped = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    const loop = new LoopUtilization();
    this.#utilization = options.utilization ?? (() => loop.average());
  }

  /** Resolves when a call may add this many events; undefined when it may do so now. */
  turn(events: number): Promise<void> | undefined {
    const { behind, clock } = this.#options;
    if (this.#isStopped) return undefined;
    if (this.#line.length === 0 && (behind() < maxBehind || this.#utilization() < busyFrom)) return undefined;
    return new Promise((begin) => {
      this.#line.push({ events, untilMs: clock.nowMs() + maxWaitMs, begin });
      if (!this.#isLooking) void this.#look();
    });
  }

  /** Lets every waiting call go on. */
  stop(): void {
    this.#isStopped = true;
    for (const { begin } of this.#line.splice(0)) begin();
  }

  async #look(): Promise<void> {
    const { behind, clock } = this.#options;
    this.#isLooking = true;
    while (this.#line.length > 0) {
      await clock.delay(lookEveryMs);
      const isBusy = this.#utilization() >= busyFrom;
      const nowMs = clock.nowMs();
      let room = maxBehind - behind();
      for (let first = this.#line[0]; first !== undefined; first = this.#line[0]) {
        if (isBusy && room <= 0 && nowMs < first.untilMs) break;
        room -= first.events;
        this.#line.shift();
        first.begin();
      }
    }
    this.#isLooking = false;
  }
}
