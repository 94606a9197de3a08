/** The bytes are not a valid answer in HTTP/1.1. The text never holds a part of them. */
export class InvalidAnswer extends Error {
  override readonly name = 'InvalidAnswer';
}

/** Source: RFC 9110 section 5.6.2, token. */
const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const controlCharacter = /[\x00-\x08\x0a-\x1f\x7f]/;

/**
 * A line that begins with a blank is refused, as Node does, although old servers continue a value in this way.
 *
 * @returns names in lower case; the values of equal names joined by `, `
 */
export function parseFields(text: string, from: number, ends: number): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = from; at < ends; ) {
    const found = text.indexOf('\r\n', at);
    const lineEnds = found === -1 ? ends : found;
    const colon = text.indexOf(':', at);
    const written = text.slice(at, colon);
    if (colon === -1 || !fieldName.test(written)) throw new InvalidAnswer('A header of the answer has no valid name.');
    const name = written.toLowerCase();
    const value = fieldValue(text, colon + 1, lineEnds);
    const earlier = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = earlier === undefined ? value : `${earlier}, ${value}`;
    at = lineEnds + 2;
  }
  return headers;
}

/** The value without the blanks around it. */
function fieldValue(text: string, from: number, to: number): string {
  let [first, last] = [from, to];
  while (first < last && isBlank(text.charCodeAt(first))) first += 1;
  while (last > first && isBlank(text.charCodeAt(last - 1))) last -= 1;
  const value = text.slice(first, last);
  if (controlCharacter.test(value)) throw new InvalidAnswer('A header of the answer has a control character.');
  return value;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Whether the server keeps the connection open. Source: RFC 9112 section 9.3. */
export function isKeptAlive(isHttp11: boolean, connection: string | undefined): boolean {
  if (connection === undefined) return isHttp11;
  const options = connection.toLowerCase().split(',');
  const has = (wanted: string) => options.some((option) => option.trim() === wanted);
  return isHttp11 ? !has('close') : has('keep-alive') && !has('close');
}

/**
 * How long the server keeps an idle connection open, as the header Keep-Alive says; infinite when it does not say. A request that
 * is sent just before the server closes the connection would be lost, so a second is subtracted.
 */
export function idleLimitOf(keepAlive: string | undefined): number {
  const seconds = keepAlive === undefined ? undefined : /(?:^|[,;\s])timeout=([0-9]{1,9})/i.exec(keepAlive)?.[1];
  return seconds === undefined ? Number.POSITIVE_INFINITY : (Number(seconds) - 1) * 1000;
}
