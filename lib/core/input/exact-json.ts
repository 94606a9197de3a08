import type { EventDocument } from '../delivery/delivery.ts';
import type { JsonValue } from './json.ts';
import { ExactNumber, parseJson } from './json.ts';
import { endOfString, endOfWord, skipSpace } from './member-text.ts';

/**
 * Finds a number, in an object or a list, that JavaScript may print in other digits. Such a number has 16 digits or more, an
 * exponent, a zero at the end of its fraction, or six zeros after `0.`; or it is minus zero. Text in quotes may match too,
 * which only costs time.
 */
const respelledNumber = /[[:,]\s*-?(?:\d[\d.]{15}|\d+(?:\.\d+)?[eE]|\d+\.\d*0(?=[\s,\]}])|0\.0{6}|(?<=-)0(?=[\s,\]}]))/;

/** The value of a JSON text, with an ExactNumber for each number that would lose its digits; undefined when it is not JSON. */
export function parseJsonExactly(text: string): JsonValue | undefined {
  const value = parseJson(text);
  if (value === undefined) return undefined;
  return typeof value === 'number' || respelledNumber.test(text) ? readExactly(text) : value;
}

/** The exact value of each event, so that all parameters of a request use one and the same value. */
const exactValues = new WeakMap<EventDocument, JsonValue>();

/**
 * The value of an event, for code that prints parts of it: numbers keep the digits of the event's text. If that text is not
 * known, they have lost these digits already.
 */
export function exactEvent(event: EventDocument): JsonValue {
  const { text, value } = event;
  if (text === undefined) return value;
  const known = exactValues.get(event);
  if (known !== undefined) return known;
  const mayLoseDigits = typeof value === 'number' || respelledNumber.test(text);
  const result = (mayLoseDigits ? readExactly(text) : undefined) ?? value;
  exactValues.set(event, result);
  return result;
}

/** An object or list whose end has not been read yet. */
type OpenContainer = JsonValue[] | Record<string, JsonValue>;

/**
 * Reads a text that JSON.parse has accepted, so nothing is checked again. It keeps its own stack instead of recursing, because
 * JSON.parse accepts values of any depth. The time is linear in the length of the text.
 */
function readExactly(text: string): JsonValue | undefined {
  const whole: JsonValue[] = [];
  const open: OpenContainer[] = [];
  let container: OpenContainer = whole;
  let name: string | undefined;
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    const first = text.charAt(at);
    if (first === ',' || first === ':') {
      at += 1;
    } else if (first === '}' || first === ']') {
      container = open.pop() ?? whole;
      at += 1;
    } else if (first === '{' || first === '[') {
      const inner: OpenContainer = first === '{' ? {} : [];
      add(container, name, inner);
      name = undefined;
      open.push(container);
      container = inner;
      at += 1;
    } else {
      const end = first === '"' ? endOfString(text, at) : endOfWord(text, at);
      const value = scalarOf(text.slice(at, end));
      if (typeof value === 'string' && name === undefined && !Array.isArray(container)) {
        name = value;
      } else {
        add(container, name, value);
        name = undefined;
      }
      at = end;
    }
  }
  return whole[0];
}

/** As with JSON.parse, `__proto__` is a name like any other. */
function add(container: OpenContainer, name: string | undefined, value: JsonValue): void {
  if (Array.isArray(container)) container.push(value);
  else if (name !== '__proto__') container[name ?? ''] = value;
  else Object.defineProperty(container, name, { value, writable: true, enumerable: true, configurable: true });
}

function scalarOf(text: string): JsonValue {
  const first = text.charAt(0);
  if (first === '"') return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
  if (first === 't' || first === 'f') return first === 't';
  if (first === 'n') return null;
  const number = Number(text);
  return String(number) === text ? number : new ExactNumber(text);
}
