import { performance } from 'node:perf_hooks';
import type { EventLoopTimes } from '../sqs/spare-time.ts';

/** A time this long ago weighs a third as much as the present. It levels out single turns of the event loop. */
const memoryMs = 5;

/** The share of recent time in which the event loop of this process was busy. */
export class LoopUtilization {
  readonly #measure: () => EventLoopTimes;
  #last: EventLoopTimes;
  #average = 0;

  constructor(measure: () => EventLoopTimes = () => performance.eventLoopUtilization()) {
    this.#measure = measure;
    this.#last = measure();
  }

  /** Returns an average from 0 to 1, in which the time since the last call counts most. */
  average(): number {
    const now = this.#measure();
    const activeMs = now.active - this.#last.active;
    const wholeMs = activeMs + now.idle - this.#last.idle;
    if (wholeMs <= 0) return this.#average;
    const latest = activeMs / wholeMs;
    this.#average = latest + (this.#average - latest) * Math.exp(-wholeMs / memoryMs);
    this.#last = now;
    return this.#average;
  }
}
