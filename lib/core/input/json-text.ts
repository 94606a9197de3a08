import type { EventDocument } from '../delivery/delivery.ts';
import type { JsonValue } from './json.ts';
import { isJsonObject } from './json.ts';

/** JSON text of a value of any depth. JSON.parse accepts values that are too deep for JSON.stringify. */
export function jsonText(value: JsonValue): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return printDeeply(value);
  }
}

/** The event's original text if it is known, otherwise its value as JSON. */
export function printedEvent(event: EventDocument): string {
  return event.text ?? jsonText(event.value);
}

/** One piece of the output: a value, or the text between values. */
type Piece = { readonly value: JsonValue } | { readonly text: string };

/** Prints the same text as JSON.stringify, but keeps its own stack instead of recursing. */
function printDeeply(whole: JsonValue): string {
  const printed: string[] = [];
  const pieces: Piece[] = [{ value: whole }];
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    if ('text' in piece) printed.push(piece.text);
    else if (Array.isArray(piece.value)) stack(pieces, listPieces(piece.value));
    else if (isJsonObject(piece.value)) stack(pieces, objectPieces(Object.entries(piece.value)));
    else printed.push(JSON.stringify(piece.value));
  }
  return printed.join('');
}

/**
 * Pushes the pieces so that the first one is on top. Each is pushed by a call of its own, because a call has a limited number
 * of arguments.
 */
function stack(pieces: Piece[], next: readonly Piece[]): void {
  for (const piece of next.toReversed()) pieces.push(piece);
}

function listPieces(list: readonly JsonValue[]): Piece[] {
  const members = list.flatMap((value, index): Piece[] => [{ text: index === 0 ? '' : ',' }, { value }]);
  return [{ text: '[' }, ...members, { text: ']' }];
}

function objectPieces(entries: readonly (readonly [string, JsonValue])[]): Piece[] {
  const members = entries.flatMap(([key, value], index): Piece[] => [
    { text: `${index === 0 ? '' : ','}${JSON.stringify(key)}:` },
    { value },
  ]);
  return [{ text: '{' }, ...members, { text: '}' }];
}
