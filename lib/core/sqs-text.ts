/** Source: SQS API reference, SendMessage: characters outside these are refused, in bodies and in attribute values. */
const refusedCharacters = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/**
 * The same JSON, with `\uXXXX` for each character that SQS refuses. Such a character stands in a string, where JSON
 * means the same by both; a text without one stays byte for byte.
 */
export function escapeForSqs(json: string): string {
  return json.replace(refusedCharacters, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
