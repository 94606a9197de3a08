import type { EventDocument } from '../delivery/delivery.ts';
import type { JsonValue } from './json.ts';
import { isJsonObject } from './json.ts';

/** JSON text of a value from outside, however deep it is: JavaScript parses what it cannot print again. */
export function jsonText(value: JsonValue): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return printDeeply(value);
  }
}

/** The event's own text where it is known, else its value printed. */
export function printedEvent(event: EventDocument): string {
  return event.text ?? jsonText(event.value);
}

/** What is to be printed next: a value, or text that stands between values. */
type Piece = { readonly value: JsonValue } | { readonly text: string };

/** The same text as JSON.stringify's, on a stack of its own. */
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

/** The first on top; one by one, because a call takes only so many arguments. */
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
