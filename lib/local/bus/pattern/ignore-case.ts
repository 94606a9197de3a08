import type { ValueMatch } from './match.ts';
import { test } from './match.ts';

/** The texts that one UTF-16 code unit of a pattern stands for: its lower and its upper case, whatever their length. */
type Alternatives = readonly string[];

/** Equal but for case, as the service compares: code unit by code unit, whatever the language. */
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

/** The same for any two texts that are equal but for case; others may share it too. */
export function fold(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase();
}

function alternatives(text: string): readonly Alternatives[] {
  return text.split('').map((unit) => [...new Set([unit.toLowerCase(), unit.toUpperCase()])]);
}

/** Where the units may end in the text when they begin with it: more than one place, because cases differ in length. */
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

/** The same from the text's end, for units in reverse. */
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
