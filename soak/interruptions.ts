import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger } from './ledger.ts';
import type { Interruption } from './plan.ts';
import type { KillableStack } from './stack.ts';

/** Kills and freezes one stack, and notes each interruption in the ledger. */
export class Interruptions {
  readonly #stack: KillableStack;
  readonly #ledger: Ledger;
  /** The number of kills, including those while the stack was starting. */
  kills = 0;
  freezes = 0;

  constructor(stack: KillableStack, ledger: Ledger) {
    this.#stack = stack;
    this.#ledger = ledger;
  }

  async act(interruption: Interruption): Promise<void> {
    if (interruption.kind === 'freeze') {
      await this.#during(() => this.#stack.freeze(interruption.forMs));
      this.freezes += 1;
      return;
    }
    await this.#kill();
    if (interruption.againAfterMs === undefined) return;
    await delay(interruption.againAfterMs);
    await this.#kill();
  }

  async #kill(): Promise<void> {
    await this.#during(() => this.#stack.kill());
    this.kills += 1;
    this.#stack.start();
  }

  async #during(work: () => Promise<void>): Promise<void> {
    const end = this.#ledger.interrupted(performance.now());
    await work();
    end(performance.now());
  }
}
