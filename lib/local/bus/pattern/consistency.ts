import type { ArrayElement } from './fields.ts';

/** A field that occurs within elements of arrays, undefined standing for an occurrence outside of all arrays. */
export interface SearchedField {
  /** Whether its absence is good enough. */
  readonly absent: boolean;
  readonly all: readonly (ArrayElement | undefined)[];
  /** Of those, the ones whose value matches. */
  readonly matching: readonly (ArrayElement | undefined)[];
}

/** The element that was chosen of each array, as far as one was. */
type Choice = ReadonlyMap<number, number>;

/** Where a field occurs: in elements of arrays, in elements of arrays of those, and so on. */
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
 * Steps of one search. An event whose member names hold dots can spell one field in many ways, and choosing an element
 * for each of them is a problem without a fast solution; any other event of a megabyte is decided in far fewer steps.
 */
const maxSteps = 2_000_000;

/**
 * Whether all the fields can match at once, with one element chosen of each array: two fields may not match in
 * different elements of the same array. A field counts as absent when it does not occur in what the fields before it
 * have chosen. Source: the README of the public event-ruler, and its answers.
 *
 * Failure policy: an event that takes more steps than are allowed does not match. A rule that stays silent for an event
 * made to be costly harms less than a bus that stands still for everyone.
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
  /** The last field that occurs in each array: what was chosen of it matters until then. */
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

  /** Elements in which the field occurs and that go together with the choice. */
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

  /** The choice together with the element, as far as it matters from that field on; in one order for one choice. */
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

/** The element's node, made with those of the elements around it that have none yet. */
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
