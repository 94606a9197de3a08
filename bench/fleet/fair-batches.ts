import { FairMessages } from '../../lib/local/sqs/fair-messages.ts';
import type { FleetClock } from './clock.ts';

/** Hands messages out to the free workers of a simulated fleet in batches, group by group in turn. */
export class FairBatches<Worker, Message extends { readonly messageGroupId: string }> {
  readonly #clock: FleetClock;
  readonly #free: Worker[];
  readonly #batchSize: number;
  readonly #invoke: (worker: Worker, messages: readonly Message[]) => Promise<void>;
  readonly #visible = new FairMessages<Message>();
  #willDispatch = false;

  /** @param invoke one invocation; the worker is free again when it resolves */
  constructor(
    clock: FleetClock,
    workers: readonly Worker[],
    batchSize: number,
    invoke: (worker: Worker, messages: readonly Message[]) => Promise<void>,
  ) {
    this.#clock = clock;
    this.#free = [...workers];
    this.#batchSize = batchSize;
    this.#invoke = invoke;
  }

  send(message: Message, delaySeconds: number): void {
    this.#clock.at(this.#clock.nowMs + delaySeconds * 1000, () => {
      this.#visible.push(message);
      this.#dispatchSoon();
    });
  }

  /** Messages that become visible at the same moment share batches. */
  #dispatchSoon(): void {
    if (this.#willDispatch) return;
    this.#willDispatch = true;
    this.#clock.at(this.#clock.nowMs, () => {
      this.#willDispatch = false;
      while (this.#visible.length > 0) {
        const worker = this.#free.pop();
        if (worker === undefined) return;
        void this.#invoke(worker, this.#takeBatch()).finally(() => {
          this.#free.push(worker);
          this.#dispatchSoon();
        });
      }
    });
  }

  #takeBatch(): readonly Message[] {
    const messages: Message[] = [];
    while (messages.length < this.#batchSize) {
      const message = this.#visible.shift();
      if (message === undefined) break;
      messages.push(message);
    }
    return messages;
  }
}
