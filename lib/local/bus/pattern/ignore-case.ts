import type { ValueMatch } from './match.ts';
import { test } from './match.ts';

/** The lower and the upper case of one UTF-16 code unit. Their lengths may differ. */
type Alternatives = readonly string[];

/** Matches without regard to case: one UTF-16 code unit at a time, in no particular language, as the service does. */
export function equalIgnoringCase(text: string): ValueMatch {
  const units = alternatives(text);
  return {
    term: { kind: 'folded', value: fold(text) },
    matches: (value) => typeof value === 'string' && ends(units, value).includes(value.length),
  };
}

export function prefixIgnoringCase(text: string): ValueMatch {
  const units = alternatives(text);
  return test((value) => typeof value === 'string' && ends(units, value).length > 0);
}

export function suffixIgnoringCase(text: string): ValueMatch {
  const units = alternatives(text).toReversed();
  return test((value) => typeof value === 'string' && starts(units, value).length > 0);
}

/** Returns the same result for any two texts that differ only in case. Other texts may have the same result too. */
export function fold(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase();
}

function alternatives(text: string): readonly Alternatives[] {
  return text.split('').map((unit) => [...new Set([unit.toLowerCase(), unit.toUpperCase()])]);
}

/**
 * The positions in the text at which the pattern's units can end if the text begins with them. There may be several, because
 * the lower and the upper case of a unit can differ in length.
 */
function ends(units: readonly Alternatives[], text: string): readonly number[] {
  let places: readonly number[] = [0];
  for (const unit of units) {
    places = step(places, unit, (alternative, place) =>
      text.startsWith(alternative, place) ? place + alternative.length : undefined,
    );
    if (places.length === 0) return places;
  }
  return places;
}

/** Like `ends`, but from the end of the text, with the units reversed. */
function starts(units: readonly Alternatives[], text: string): readonly number[] {
  let places: readonly number[] = [text.length];
  for (const unit of units) {
    places = step(places, unit, (alternative, place) =>
      text.endsWith(alternative, place) ? place - alternative.length : undefined,
    );
    if (places.length === 0) return places;
  }
  return places;
}

function step(
  places: readonly number[],
  unit: Alternatives,
  move: (alternative: string, place: number) => number | undefined,
): readonly number[] {
  const next = new Set<number>();
  for (const place of places) {
    for (const alternative of unit) {
      const moved = move(alternative, place);
      if (moved !== undefined) next.add(moved);
    }
  }
  return [...next];
}
