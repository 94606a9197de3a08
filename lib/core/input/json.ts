/** A JSON value as `JSON.parse` makes it, or as `parseJsonExactly` makes it: only the latter has an ExactNumber. */
export type JsonValue = string | number | boolean | null | ExactNumber | readonly JsonValue[] | JsonObject;

/** A JSON object. Keys come from outside: read them with `Object.hasOwn` or through `ownMember`. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** A number that JavaScript would print in other digits than its JSON text, such as 1152921506151679042, 19.90 or 1E400. */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Makes JSON.stringify print the number's own text. */
  toJSON(): unknown {
    return rawJson(this.text);
  }
}

/** The types of TypeScript's library do not have this function of Node 24 yet. */
const { rawJSON: rawJson } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** The value of a JSON text; undefined when it is not JSON. The parser's error is dropped, because it quotes the text. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value of a JSON text in UTF-8; undefined when it is not JSON, or not UTF-8. */
export function parseJsonBytes(bytes: Uint8Array): JsonValue | undefined {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** The object without its undefined members. */
export function withoutUndefined<Members extends object>(
  members: Members,
): { readonly [Name in keyof Members]?: Exclude<Members[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}

/** The object's own member of that name, never one inherited from a prototype. */
export function ownMember(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
