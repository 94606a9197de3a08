import type { ArrayElement } from './fields.ts';

/** The array elements in which a pattern's field occurs. Undefined stands for an occurrence outside all arrays. */
export interface SearchedField {
  /** Whether the pattern allows that the field is absent. */
  readonly absent: boolean;
  readonly all: readonly (ArrayElement | undefined)[];
  /** The occurrences whose value matches. */
  readonly matching: readonly (ArrayElement | undefined)[];
}

/** The index of the element that was chosen in each array, by the number of the array. */
type Choice = ReadonlyMap<number, number>;

/** One node in the tree of a field's occurrences. The children of an array element are the elements of the arrays inside it. */
interface ElementNode {
  readonly element: ArrayElement | undefined;
  readonly arrays: Map<number, Map<number, ElementNode>>;
  occurs: boolean;
}

interface PreparedField {
  readonly absent: boolean;
  readonly all: ElementNode;
  readonly matching: ElementNode;
}

/**
 * Step limit of one search. If member names of an event contain dots, one field can occur in many ways, and the search can take
 * exponential time. Any other event of a megabyte needs far fewer steps.
 */
const maxSteps = 2_000_000;

/**
 * Whether all fields can match together. Two fields must not match in different elements of the same array, so the search
 * chooses one element of each array. A field counts as absent when it does not occur in the elements that were chosen for
 * earlier fields. Source: the README of the public event-ruler, and its answers.
 *
 * Failure policy: an event that exceeds the step limit does not match. Such an event is malicious, and a rule that misses it
 * does less harm than a bus that stops for everyone.
 *
 * @param fields in the order in which the service compares them: by name
 */
export function consistent(fields: readonly SearchedField[]): boolean {
  if (fields.some(({ absent, matching }) => !absent && matching.length === 0)) return false;
  const free = fields.every(({ absent }) => !absent);
  const bound = free ? fields.filter(({ matching }) => !matching.includes(undefined)) : fields;
  const [only, ...others] = bound;
  if (only === undefined) return true;
  if (others.length === 0) return only.matching.length > 0;
  return new ConsistencySearch(bound).run();
}

class ConsistencySearch {
  readonly #fields: readonly PreparedField[];
  /** For each array, the position of the last field that occurs in it. Later fields do not depend on the element chosen there. */
  readonly #lastUse: ReadonlyMap<number, number>;
  readonly #failed = new Set<string>();
  #steps = 0;

  constructor(fields: readonly SearchedField[]) {
    this.#fields = fields.map(({ absent, all, matching }) => ({ absent, all: tree(all), matching: tree(matching) }));
    this.#lastUse = lastUses(fields);
  }

  run(): boolean {
    return this.#fits(0, new Map());
  }

  #fits(index: number, choice: Choice): boolean {
    const field = this.#fields[index];
    if (field === undefined) return true;
    const state = `${index}:${[...choice].join(';')}`;
    if (this.#failed.has(state)) return false;
    if (this.#absentIn(field, choice) && this.#fits(index + 1, this.#relevant(index + 1, choice, undefined)))
      return true;
    for (const element of this.#occurrences(field.matching, choice)) {
      if (this.#fits(index + 1, this.#relevant(index + 1, choice, element))) return true;
    }
    this.#failed.add(state);
    return false;
  }

  #absentIn({ absent, all }: PreparedField, choice: Choice): boolean {
    if (!absent) return false;
    const first = this.#occurrences(all, choice).next();
    return first.done === true && this.#steps < maxSteps;
  }

  /** Yields the elements that contain the field and agree with the choice. */
  *#occurrences(root: ElementNode, choice: Choice): Generator<ArrayElement | undefined> {
    const open = [root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      this.#steps += 1;
      if (this.#steps > maxSteps) return;
      if (node.occurs) yield node.element;
      for (const [array, elements] of node.arrays) {
        const index = choice.get(array);
        const chosen = index === undefined ? elements.values() : [elements.get(index)];
        for (const next of chosen) if (next !== undefined) open.push(next);
      }
    }
  }

  /**
   * Adds the element to the choice, and removes the arrays in which no later field occurs. The result is sorted, so that equal
   * choices have equal keys.
   */
  #relevant(index: number, choice: Choice, element: ArrayElement | undefined): Choice {
    const entries = new Map(choice);
    for (let link = element; link !== undefined; link = link.outer) entries.set(link.array, link.index);
    this.#steps += entries.size;
    const kept = [...entries].filter(([array]) => (this.#lastUse.get(array) ?? -1) >= index);
    return new Map(kept.sort(([one], [other]) => one - other));
  }
}

function tree(elements: readonly (ArrayElement | undefined)[]): ElementNode {
  const root = newNode(undefined);
  const nodes = new Map<ArrayElement | undefined, ElementNode>([[undefined, root]]);
  for (const element of elements) nodeOf(element, nodes, root).occurs = true;
  return root;
}

/** Returns the element's node. Creates it, and the nodes of the elements around it, if they do not exist. */
function nodeOf(
  element: ArrayElement | undefined,
  nodes: Map<ArrayElement | undefined, ElementNode>,
  root: ElementNode,
): ElementNode {
  const missing: ArrayElement[] = [];
  let known = element;
  while (known !== undefined && !nodes.has(known)) {
    missing.push(known);
    known = known.outer;
  }
  let node = nodes.get(known) ?? root;
  for (const link of missing.toReversed()) {
    const child = newNode(link);
    const elements = node.arrays.get(link.array) ?? new Map<number, ElementNode>();
    node.arrays.set(link.array, elements.set(link.index, child));
    nodes.set(link, child);
    node = child;
  }
  return node;
}

function newNode(element: ArrayElement | undefined): ElementNode {
  return { element, arrays: new Map(), occurs: false };
}

function lastUses(fields: readonly SearchedField[]): ReadonlyMap<number, number> {
  const uses = new Map<number, number>();
  for (const [index, { all }] of fields.entries()) {
    const seen = new Set<ArrayElement>();
    for (const element of all) {
      for (let link = element; link !== undefined && !seen.has(link); link = link.outer) {
        seen.add(link);
        uses.set(link.array, index);
      }
    }
  }
  return uses;
}
