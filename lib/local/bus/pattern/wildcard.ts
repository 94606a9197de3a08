import type { ValueMatch } from './match.ts';

/** The bytes of a wildcard text, including its quotes, as the service reads them. Undefined stands for a wildcard. */
export type WildcardBytes = readonly (number | undefined)[];

const asterisk = 0x2a;
const backslash = 0x5c;

/**
 * @param text in which `*` stands for any characters, `\*` for an asterisk, and `\\` for a backslash
 * @returns the service's reason to refuse the text, with the byte position; the opening quote is byte 0. Undefined: it is valid
 */
export function wildcardFault(text: string): string | undefined {
  const bytes = Buffer.from(`"${text}"`);
  for (let position = 0; position < bytes.length; position += 1) {
    const next = bytes[position + 1];
    if (bytes[position] === asterisk && next === asterisk) return `Consecutive wildcard characters at pos ${position}`;
    if (bytes[position] !== backslash) continue;
    if (next !== asterisk && next !== backslash) return `Invalid escape character at pos ${position}`;
    position += 1;
  }
  return undefined;
}

/** @param text a valid wildcard text */
export function wildcardBytes(text: string): WildcardBytes {
  const parts = literals(text).map((literal) => [...Buffer.from(literal)]);
  const quote = 0x22;
  return [quote, ...parts.flatMap((part, index) => (index === 0 ? part : [undefined, ...part])), quote];
}

/** The literal texts before, between and after the wildcards. */
function literals(text: string): readonly string[] {
  const found: string[] = [];
  let literal = '';
  for (let place = 0; place < text.length; place += 1) {
    if (text[place] === '*') {
      found.push(literal);
      literal = '';
      continue;
    }
    if (text[place] === '\\') place += 1;
    literal += text.charAt(place);
  }
  return [...found, literal];
}

/**
 * Matches in linear time. It searches for each literal once, from the end of the previous literal, and never goes back.
 *
 * @param text a valid wildcard text
 */
export function wildcard(text: string): ValueMatch {
  const [first = '', ...rest] = literals(text);
  const last = rest.pop();
  const wildcards = [text];
  if (last === undefined) {
    return { term: { kind: 'equal', value: first }, wildcards, matches: (value) => value === first };
  }
  const between = rest.filter((literal) => literal !== '').map(compileLiteral);
  return {
    term: first === '' && last !== '' ? { kind: 'suffix', value: last } : { kind: 'prefix', value: first },
    wildcards,
    matches: (value) => typeof value === 'string' && matchesParts(value, first, between, last),
  };
}

function matchesParts(value: string, first: string, between: readonly Literal[], last: string): boolean {
  const end = value.length - last.length;
  if (end < first.length || !value.startsWith(first) || !value.endsWith(last)) return false;
  let place = first.length;
  for (const literal of between) {
    const found = endOf(literal, value, place, end);
    if (found === undefined) return false;
    place = found;
  }
  return true;
}

/**
 * A text to search for. For each position, `borders` holds the length of the longest beginning of the text that also ends at
 * this position. Source: the algorithm of Knuth, Morris and Pratt.
 */
interface Literal {
  readonly text: string;
  readonly borders: readonly number[];
}

function compileLiteral(text: string): Literal {
  const borders = [0];
  let border = 0;
  for (let place = 1; place < text.length; place += 1) {
    while (border > 0 && text[place] !== text[border]) border = borders[border - 1] ?? 0;
    if (text[place] === text[border]) border += 1;
    borders.push(border);
  }
  return { text, borders };
}

/** The end of the literal's first occurrence between the two positions. */
function endOf({ text, borders }: Literal, value: string, start: number, end: number): number | undefined {
  let matched = 0;
  for (let place = start; place < end; place += 1) {
    while (matched > 0 && value[place] !== text[matched]) matched = borders[matched - 1] ?? 0;
    if (value[place] === text[matched]) matched += 1;
    if (matched === text.length) return place + 1;
  }
  return undefined;
}
