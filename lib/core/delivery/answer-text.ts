import { Buffer } from 'node:buffer';

/**
 * Dead letters and log lines contain this much of the endpoint's answer, in bytes of UTF-8: enough to find the cause, and little
 * compared with the event.
 */
const maxAnswerBytes = 2048;

/** The beginning of a masked answer, as dead letters and log lines keep it. The limit cuts between two characters. */
export function keptAnswer(body: string): string {
  const text = body.slice(0, maxAnswerBytes).toWellFormed();
  const bytes = Buffer.from(text);
  if (bytes.length <= maxAnswerBytes) return text;
  let end = maxAnswerBytes;
  while (isInsideCharacter(bytes[end])) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** Whether this byte of UTF-8 continues the character before it. */
function isInsideCharacter(byte = 0): boolean {
  return (byte & 0b1100_0000) === 0b1000_0000;
}

/** Enough for the sentence in which most endpoints say what is wrong. */
const maxLineCharacters = 200;

/**
 * The beginning of a masked answer on one line, for people. Spaces and line ends become one space, because the first line of many
 * answers is only a bracket. A character that does not print is shown as its code, so that it can neither move a terminal's cursor nor
 * change its colours.
 */
export function answerLine(answer: string): string {
  const line = answer
    .trim()
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, codeOf);
  const characters = Array.from(line);
  return characters.length > maxLineCharacters ? `${characters.slice(0, maxLineCharacters).join('')}...` : line;
}

function codeOf(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
