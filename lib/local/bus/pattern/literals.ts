import type { PatternCursor } from './cursor.ts';
import { RefusedPattern, described } from './cursor.ts';

const anyValue = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

const maxNumberLength = 1_000;
const maxShownTokenLength = 256;
const firstOfWord = /^[\p{L}\p{Nl}\p{Sc}\p{Pc}]$/u;
const partOfWord = /^[\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Nd}\p{Mn}\p{Mc}\p{Cf}\0-\x08\x0e-\x1b\x7f-\x9f]$/u;
const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** How error texts describe a string: as a member's name or as a value. */
interface StringPlace {
  readonly name: string;
  readonly unclosed: string;
}

export const inName: StringPlace = { name: 'name', unclosed: ' in field name' };
export const inValue: StringPlace = {
  name: 'string value',
  unclosed: ': was expecting closing quote for a string value',
};

/** Reads the rest of a string, from just after its opening quote to just after its closing quote. */
export function takeString(cursor: PatternCursor, place: StringPlace): string {
  let value = '';
  for (;;) {
    if (cursor.atEnd) cursor.refuse(`Unexpected end-of-input${place.unclosed}`);
    const character = cursor.character;
    cursor.offset += 1;
    if (character === '"') return value;
    if (character < ' ') refuseUnescaped(cursor, character, place);
    value += character === '\\' ? takeEscape(cursor) : character;
  }
}

function refuseUnescaped(cursor: PatternCursor, character: string, place: StringPlace): never {
  const rule = `has to be escaped using backslash to be included in ${place.name}`;
  cursor.refuseTaken(`Illegal unquoted character (${described(character)}): ${rule}`);
}

function takeEscape(cursor: PatternCursor): string {
  const character = takeOfEscape(cursor);
  if (character === 'u') return takeCodeUnit(cursor);
  const meant = escapes.get(character);
  if (meant === undefined) cursor.refuseTaken(`Unrecognized character escape ${described(character)}`);
  return meant;
}

function takeCodeUnit(cursor: PatternCursor): string {
  let digits = '';
  while (digits.length < 4) {
    const digit = takeOfEscape(cursor);
    if (!/^[\da-f]$/i.test(digit)) cursor.refuseCharacter(digit, 'expected a hex-digit for character escape sequence');
    digits += digit;
  }
  return String.fromCharCode(Number.parseInt(digits, 16));
}

function takeOfEscape(cursor: PatternCursor): string {
  if (cursor.atEnd) cursor.refuse('Unexpected end-of-input in character escape sequence');
  const character = cursor.character;
  cursor.offset += 1;
  return character;
}

/**
 * Reads the rest of a number after its first character, a digit or a minus sign.
 *
 * @returns the text of the number
 */
export function takeNumber(cursor: PatternCursor): string {
  const start = cursor.offset - 1;
  if (cursor.text[start] === '-') takeFirstDigit(cursor);
  const startsWithZero = cursor.text[cursor.offset - 1] === '0';
  if (startsWithZero) refuseLeadingZero(cursor);
  else takeDigits(cursor);
  const charactersBack = startsWithZero ? 0 : 1;
  if (cursor.character === '.') takeFraction(cursor, charactersBack);
  if (/^[eE]$/.test(cursor.character)) takeExponent(cursor, charactersBack);
  const text = cursor.text.slice(start, cursor.offset);
  const length = text.replace(/[^\d]/g, '').length;
  if (length > maxNumberLength) refuseLongNumber(length);
  return text;
}

function takeFirstDigit(cursor: PatternCursor): void {
  if (cursor.atEnd) cursor.refuse('Unexpected end-of-inputNo digit following sign');
  const character = cursor.character;
  cursor.offset += 1;
  if (isDigit(character)) return;
  if (character === 'I') takeInfinity(cursor);
  if (character === '.') refuseValue(cursor, character);
  refuseInNumber(cursor, character, 'expected digit (0-9) to follow minus sign, for valid numeric value', 1);
}

function takeInfinity(cursor: PatternCursor): void {
  const rest = cursor.text.slice(cursor.offset);
  const word = ['NF', 'nfinity'].find((candidate) => rest.startsWith(candidate));
  if (word === undefined) return;
  cursor.offset += word.length;
  refuseNonStandard(cursor, `-I${word}`);
}

function refuseLeadingZero(cursor: PatternCursor): void {
  if (isDigit(cursor.character)) cursor.refuse('Invalid numeric value: Leading zeroes not allowed');
}

function takeFraction(cursor: PatternCursor, charactersBack: number): void {
  cursor.offset += 1;
  if (takeDigits(cursor) > 0) return;
  refuseInNumber(cursor, cursor.character || '.', 'Decimal point not followed by a digit', charactersBack);
}

function takeExponent(cursor: PatternCursor, charactersBack: number): void {
  cursor.offset += 1;
  const signed = /^[+-]$/.test(cursor.character);
  if (signed) cursor.offset += 1;
  if (cursor.atEnd) cursor.refuse('Unexpected end-of-inputexpected a digit for number exponent');
  if (takeDigits(cursor) > 0) return;
  const back = signed ? charactersBack * 2 : charactersBack;
  refuseInNumber(cursor, cursor.character, 'Exponent indicator not followed by a digit', back);
}

/** @returns the number of digits */
function takeDigits(cursor: PatternCursor): number {
  const start = cursor.offset;
  while (isDigit(cursor.character)) cursor.offset += 1;
  return cursor.offset - start;
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

/**
 * @param charactersBack the error is reported this many characters before the current position, because the parser reads ahead
 *   in some numbers
 */
function refuseInNumber(cursor: PatternCursor, character: string, rule: string, charactersBack: number): never {
  const reason = `Unexpected character (${described(character)}) in numeric value: ${rule}`;
  cursor.refuse(reason, cursor.place(charactersBack));
}

function refuseLongNumber(length: number): never {
  const limit = `the maximum allowed (${maxNumberLength}, from \`StreamReadConstraints.getMaxNumberLength()\`)`;
  throw new RefusedPattern(`Number value length (${length}) exceeds ${limit}`);
}

/** Reads the rest of `true`, `false` or `null`, after its first character. */
export function takeWord(cursor: PatternCursor, word: 'true' | 'false' | 'null'): void {
  const start = cursor.offset - 1;
  while (cursor.offset - start < word.length && cursor.character === word[cursor.offset - start]) cursor.offset += 1;
  const complete = cursor.offset - start === word.length;
  if (!complete || isPartOfWord(cursor.character)) refuseWord(cursor, start);
}

/** Refuses text that cannot be a value, after its first character. */
export function refuseValue(cursor: PatternCursor, first: string): never {
  if (first === '+') refusePlus(cursor);
  for (const word of ['NaN', 'Infinity']) {
    if (!cursor.text.startsWith(word, cursor.offset - 1)) continue;
    const end = cursor.offset - 1 + word.length;
    if (isPartOfWord(cursor.text.charAt(end))) break;
    cursor.offset = end;
    refuseNonStandard(cursor, word);
  }
  if (firstOfWord.test(first)) refuseWord(cursor, cursor.offset - 1);
  cursor.refuseCharacter(first, `expected a valid value ${anyValue}`);
}

function refusePlus(cursor: PatternCursor): never {
  if (cursor.atEnd) cursor.refuse('Unexpected end-of-input in a Number value');
  cursor.offset += 1;
  const option = 'JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS';
  refuseInNumber(cursor, '+', `JSON spec does not allow numbers to have plus signs: enable \`${option}\` to allow`, 1);
}

function refuseNonStandard(cursor: PatternCursor, token: string): never {
  cursor.refuse(`Non-standard token '${token}': enable \`JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS\` to allow`);
}

function refuseWord(cursor: PatternCursor, start: number): never {
  while (cursor.offset - start < maxShownTokenLength && isPartOfWord(cursor.character)) cursor.offset += 1;
  const word = cursor.text.slice(start, cursor.offset);
  const shown = word.length >= maxShownTokenLength ? `${word}...` : word;
  cursor.refuse(`Unrecognized token '${shown}': was expecting ${anyValue}`);
}

function isPartOfWord(character: string): boolean {
  return character !== '' && partOfWord.test(character);
}
