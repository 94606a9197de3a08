import type { JsonObject } from '../core/input/json.ts';

const maxLength = 300;

const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Names and ids come from clients. Control characters in them must not move the cursor or start a new line. */
export function printable(text: string, maxCharacters = maxLength): string {
  const oneLine = text.replace(unprintable, '?');
  return oneLine.length > maxCharacters ? `${oneLine.slice(0, maxCharacters)}...` : oneLine;
}

export function counted(count: number, singular: string): string {
  return count === 1 ? `1 ${singular}` : `${count} ${singular}s`;
}

/** The value as JSON on one line. JSON.stringify leaves control characters above 0x7F as they are; some terminals obey them. */
export function jsonLine(value: JsonObject): string {
  return JSON.stringify(value).replace(unprintable, (character) =>
    Array.from({ length: character.length }, (_, index) => escapeOf(character.charCodeAt(index))).join(''),
  );
}

function escapeOf(codeUnit: number): string {
  return `\\u${codeUnit.toString(16).padStart(4, '0')}`;
}
