import { BoundedMap } from '../../core/input/bounded-map.ts';

/** When this many messages of a group have been handed out, its counts are halved, so that older messages count less. */
const countedMessages = 200;

/** Before this many messages of a group have been handed out, nothing is concluded from them. */
const fewestMessages = 50;

/** Nothing is known about further groups. */
const mostGroups = 10_000;

const putBackPart = 0.9;

interface Counts {
  handedOut: number;
  putBack: number;
}

/**
 * Finds the groups whose messages are put back with a delay nine times in ten, because their endpoint is paused or because
 * they are far more than its rate allows.
 */
export class PutBackGroups {
  readonly #counts = new BoundedMap<string, Counts>(mostGroups);
  /** Every group for which `has` returns true. The others in it are removed when somebody asks for the names. */
  readonly #candidates = new Set<string>();

  noteHandedOut(group: string): void {
    const counts = this.#counts.getOrCreate(group, () => ({ handedOut: 0, putBack: 0 }));
    counts.handedOut += 1;
    if (counts.handedOut < countedMessages) return;
    counts.handedOut /= 2;
    counts.putBack /= 2;
  }

  notePutBack(group: string): void {
    const counts = this.#counts.get(group);
    if (counts === undefined) return;
    counts.putBack += 1;
    if (this.has(group)) this.#candidates.add(group);
  }

  has(group: string): boolean {
    const { handedOut, putBack } = this.#counts.get(group) ?? { handedOut: 0, putBack: 0 };
    return handedOut >= fewestMessages && putBack >= putBackPart * handedOut;
  }

  /** The groups for which `has` returns true. */
  *names(): Iterable<string> {
    for (const group of this.#candidates) {
      if (this.has(group)) yield group;
      else this.#candidates.delete(group);
    }
  }
}
