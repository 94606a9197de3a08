import type { FieldMatch } from './match.ts';
import { RefusedPattern } from './cursor.ts';
import { wildcardBytes } from './wildcard.ts';

/**
 * The most positions in a field's wildcard texts that one value may have reached at the same time. The service does not publish
 * its limit. This number agrees with every recorded answer (7 was accepted, 11 refused) and with the README of the public
 * event-ruler.
 */
const maxComplexity = 10;

/**
 * The most sets of positions that the check examines. A rule that needs more counts as too complex, so that the check takes a
 * limited time.
 */
const maxStates = 20_000;

const tooComplex =
  'Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character';

/**
 * A position in one or more wildcard texts. Texts that begin alike share their first positions. `next` maps a byte, or undefined
 * for a wildcard, to the following position.
 */
interface Place {
  readonly id: number;
  readonly inWildcard: boolean;
  readonly next: Map<number | undefined, Place>;
}

/** @throws RefusedPattern when one value could reach too many positions in a field's wildcard texts at the same time */
export function refuseComplexity(branches: readonly (readonly FieldMatch[])[]): void {
  for (const fields of comparedTogether(branches)) {
    const matches = fields.flatMap((field) => field.values).map((match) => match.wildcards ?? []);
    const distinct = new Map(matches.map((texts) => [JSON.stringify([...new Set(texts)].sort()), texts]));
    if (exceedsLimit([...distinct.values()])) throw new RefusedPattern(tooComplex);
  }
}

/** Groups the fields that the service compares together: fields of the same name that follow the same earlier fields. */
function comparedTogether(branches: readonly (readonly FieldMatch[])[]): Iterable<readonly FieldMatch[]> {
  const ids = new Map<FieldMatch, number>();
  const groups = new Map<string, Set<FieldMatch>>();
  for (const branch of branches) {
    let before = '';
    for (const field of branch) {
      if (field.values.some(({ wildcards = [] }) => wildcards.length > 0)) {
        const key = `${before}|${field.name}`;
        groups.set(key, (groups.get(key) ?? new Set<FieldMatch>()).add(field));
      }
      const id = ids.get(field) ?? ids.size;
      ids.set(field, id);
      before += `${id},`;
    }
  }
  return [...groups.values()].map((group) => [...group]);
}

/** Follows every possible value byte by byte, and counts the positions that the value can have reached. */
function exceedsLimit(matches: readonly (readonly string[])[]): boolean {
  const starts = beginnings(matches);
  const seen = new Set<string>();
  const open: (readonly Place[])[] = [starts];
  for (let places = open.pop(); places !== undefined; places = open.pop()) {
    for (const byte of bytesThatMatter(places)) {
      const next = step(places, byte);
      if (next.length > maxComplexity) return true;
      const key = next.map(({ id }) => id).join();
      if (seen.has(key)) continue;
      seen.add(key);
      open.push(next);
    }
    if (seen.size > maxStates) return true;
  }
  return false;
}

function beginnings(matches: readonly (readonly string[])[]): readonly Place[] {
  let places = 0;
  return matches.map((texts) => {
    const start: Place = { id: places++, inWildcard: false, next: new Map() };
    for (const text of texts) {
      let place = start;
      for (const byte of wildcardBytes(text)) {
        const next = place.next.get(byte) ?? { id: places++, inWildcard: byte === undefined, next: new Map() };
        place.next.set(byte, next);
        place = next;
      }
    }
    return start;
  });
}

/** The bytes that lead from one of these positions to another position; -1 stands for all other bytes. */
function bytesThatMatter(places: readonly Place[]): ReadonlySet<number> {
  const bytes = new Set([-1]);
  for (const { next } of places) {
    for (const byte of next.keys()) if (byte !== undefined) bytes.add(byte);
  }
  return bytes;
}

function step(places: readonly Place[], byte: number): readonly Place[] {
  const reached = new Set<Place>();
  for (const place of places) {
    if (place.inWildcard) reached.add(place);
    const next = place.next.get(byte);
    if (next === undefined) continue;
    reached.add(next);
    const wildcard = next.next.get(undefined);
    if (wildcard !== undefined) reached.add(wildcard);
  }
  return [...reached].sort((one, other) => one.id - other.id);
}
