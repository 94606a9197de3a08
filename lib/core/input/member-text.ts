/**
 * Finds the original text of one member of a JSON object, so that numbers beyond 2^53, `1.0` and the order of keys are kept as
 * they were sent.
 *
 * JSON.parse must have accepted the text as an object, because nothing is checked again. If a key occurs several times, the
 * last one counts, as with JSON.parse. The time is linear in the length of the text.
 *
 * @returns undefined when the object has no such member
 */
export function memberText(json: string, key: string): string | undefined {
  let found: string | undefined;
  let at = skipSpace(json, json.indexOf('{') + 1);
  while (json[at] === '"') {
    const keyEnd = endOfString(json, at);
    const name: unknown = JSON.parse(json.slice(at, keyEnd));
    const valueStart = skipSpace(json, skipSpace(json, keyEnd) + 1);
    const valueEnd = endOfValue(json, valueStart);
    if (name === key) found = json.slice(valueStart, valueEnd);
    at = skipSpace(json, valueEnd);
    if (json[at] === ',') at = skipSpace(json, at + 1);
  }
  return found;
}

/**
 * Finds the original text of each element of a JSON array. JSON.parse must have accepted the text as an array. The time is linear
 * in the length of the text.
 */
export function elementTexts(json: string): readonly string[] {
  const texts: string[] = [];
  let at = skipSpace(json, json.indexOf('[') + 1);
  while (at < json.length && json[at] !== ']') {
    const end = endOfValue(json, at);
    texts.push(json.slice(at, end));
    at = skipSpace(json, end);
    if (json[at] === ',') at = skipSpace(json, at + 1);
  }
  return texts;
}

/** The index of the first character at or after `from` that is not white space. */
export function skipSpace(json: string, from: number): number {
  let at = from;
  while (json[at] === ' ' || json[at] === '\n' || json[at] === '\r' || json[at] === '\t') at += 1;
  return at;
}

/** @param from index of the opening quote @returns the index after the closing one */
export function endOfString(json: string, from: number): number {
  let at = from + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfValue(json: string, from: number): number {
  const first = json[from];
  if (first === '"') return endOfString(json, from);
  if (first === '{' || first === '[') return endOfContainer(json, from);
  return endOfWord(json, from);
}

/** @param from index of the first character of a number, `true`, `false` or `null` @returns the index after its last one */
export function endOfWord(json: string, from: number): number {
  let at = from;
  while (at < json.length && !',}] \n\r\t'.includes(json[at] ?? ',')) at += 1;
  return at;
}

function endOfContainer(json: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < json.length) {
    const character = json[at];
    if (character === '"') {
      at = endOfString(json, at);
      continue;
    }
    if (character === '{' || character === '[') depth += 1;
    if (character === '}' || character === ']') depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
  return at;
}
