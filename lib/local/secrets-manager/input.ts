import { Refusal } from '../stack/wire.ts';

export type Members = Readonly<Record<string, unknown>>;

/** The value of a version: text or bytes, never both. */
export interface SecretContent {
  readonly text: string | null;
  readonly binary: Uint8Array | null;
}

const maxSecretBytes = 65_536;

/** @throws Refusal SerializationException unless the body is a JSON object */
export function parseInput(body: Buffer): Members {
  let input: unknown;
  try {
    input = body.length === 0 ? {} : JSON.parse(body.toString());
  } catch {
    throw new Refusal('SerializationException', 'The request body is not valid JSON.');
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new Refusal('SerializationException', 'The request body must be a JSON object.');
  }
  return input as Members;
}

/** @returns undefined when the member is absent or null */
export function optionalText(input: Members, member: string): string | undefined {
  const value = input[member] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw new Refusal('SerializationException', `Member ${member} must be a string.`);
}

export function requiredText(input: Members, member: string): string {
  const value = optionalText(input, member);
  if (value !== undefined && value !== '') return value;
  throw validation(`Value at '${member.charAt(0).toLowerCase()}${member.slice(1)}' must not be empty.`);
}

export function optionalInteger(input: Members, member: string, minimum: number, maximum: number): number | undefined {
  const value = input[member] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  throw new Refusal('InvalidParameterException', `${member} must be a whole number from ${minimum} to ${maximum}.`);
}

export function optionalTexts(input: Members, member: string): readonly string[] | undefined {
  const value = input[member] ?? undefined;
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new Refusal('SerializationException', `Member ${member} must be a list of strings.`);
}

/** Returns an empty list when the member is absent or null. */
export function structures(input: Members, member: string): readonly Members[] {
  const value = input[member] ?? [];
  if (
    Array.isArray(value) &&
    value.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item))
  ) {
    return value as readonly Members[];
  }
  throw new Refusal('SerializationException', `Member ${member} must be a list of structures.`);
}

/** The name may contain an exclamation mark, because EventBridge uses one for its own secrets. AWS allows it only there. */
export function secretName(input: Members): string {
  const name = requiredText(input, 'Name');
  if (/^[A-Za-z0-9/_+=.@!-]{1,512}$/.test(name)) return name;
  throw validation(
    'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
  );
}

/** The token becomes the id of the version that a write creates. Clients send the same token again when they repeat a call. */
export function requestToken(input: Members): string | undefined {
  const token = optionalText(input, 'ClientRequestToken');
  if (token === undefined || /^[^]{32,64}$/.test(token)) return token;
  throw new Refusal('InvalidParameterException', 'ClientRequestToken must be 32-64 characters long.');
}

/** @returns undefined when the input has neither text nor bytes */
export function secretContent(input: Members): SecretContent | undefined {
  const text = optionalText(input, 'SecretString');
  const binary = optionalText(input, 'SecretBinary');
  if (text !== undefined && binary !== undefined) {
    throw new Refusal('InvalidParameterException', 'You can set either SecretString or SecretBinary, not both.');
  }
  if (text === undefined && binary === undefined) return undefined;
  const content = { text: text ?? null, binary: binary === undefined ? null : Buffer.from(binary, 'base64') };
  if (Buffer.byteLength(content.text ?? content.binary ?? '') > maxSecretBytes) {
    throw validation(`A secret's value must be at most ${maxSecretBytes} bytes.`);
  }
  return content;
}

export function sameContent(a: SecretContent, b: SecretContent): boolean {
  return a.text === b.text && Buffer.compare(a.binary ?? Buffer.alloc(0), b.binary ?? Buffer.alloc(0)) === 0;
}

function validation(message: string): Refusal {
  return new Refusal('ValidationException', message);
}
