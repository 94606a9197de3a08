import { ChangeRefused, type SoakDestination } from './destination.ts';
import { statusOf } from './events.ts';
import { pause, readyClients } from './load.ts';
import type { Change } from './plan.ts';
import type { KillableStack } from './stack.ts';

const retryMs = 200;

/** Changes the configuration of one stack. */
export class Changes {
  readonly #stack: KillableStack;
  readonly #destinations: readonly SoakDestination[];
  readonly made: Record<string, number> = {};
  readonly refused: string[] = [];

  constructor(stack: KillableStack, destinations: readonly SoakDestination[]) {
    this.#stack = stack;
    this.#destinations = destinations;
  }

  /**
   * Failure policy: a change is repeated until the stack answers, because a kill may have left it half done. A refused change is
   * not repeated: it shows a fault of the stack or of the plan.
   */
  async make(change: Change, ending: AbortSignal): Promise<void> {
    const { kind, destination } = change;
    const begun = this.#destinations.find(({ name }) => name === destination)?.begin(change);
    while (begun !== undefined && !ending.aborted) {
      try {
        await begun.make(await readyClients(this.#stack));
        begun.made();
        this.made[kind] = (this.made[kind] ?? 0) + 1;
        return;
      } catch (error) {
        if (isRefusal(error)) {
          this.refused.push(`${kind} of ${destination}: ${String(error)}`);
          return;
        }
        await pause(retryMs, ending);
      }
    }
  }
}

/** The stack answers this while the first try of a repeated change is still running. */
const tryAgain = 'ConcurrentModificationException';

function isRefusal(error: unknown): boolean {
  if (error instanceof ChangeRefused) return error.code !== tryAgain;
  if (error instanceof Error && error.name === tryAgain) return false;
  const status = statusOf(error);
  return status !== undefined && status < 500;
}
