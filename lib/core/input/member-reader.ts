import type { FailureCode } from '../failure/failure.ts';
import { Failure } from '../failure/failure.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { isJsonObject, ownMember } from './json.ts';

export interface TextBounds {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
}

export interface MapBounds {
  readonly maxEntries?: number;
  readonly key: TextBounds;
  readonly value: TextBounds;
}

const anyText: TextBounds = {};

/**
 * Reads the own members of an object from outside; null counts as absent. A member with a wrong type or length throws a
 * Failure that names its path and never shows its value.
 */
export class MemberReader {
  readonly #members: JsonObject;
  readonly #path: string;
  readonly #code: FailureCode;

  /** @param path the path of this object; empty for the outermost object */
  constructor(members: JsonObject, path: string, code: FailureCode) {
    this.#members = members;
    this.#path = path;
    this.#code = code;
  }

  names(): readonly string[] {
    return Object.keys(this.#members);
  }

  has(name: string): boolean {
    return this.member(name) !== undefined;
  }

  member(name: string): JsonValue | undefined {
    return ownMember(this.#members, name) ?? undefined;
  }

  text(name: string, bounds: TextBounds = anyText): string {
    return this.optionalText(name, bounds) ?? this.refuse(this.pathOf(name), 'is missing');
  }

  optionalText(name: string, bounds: TextBounds = anyText): string | undefined {
    const value = this.member(name);
    return value === undefined ? undefined : this.#requireText(value, this.pathOf(name), bounds);
  }

  optionalBoolean(name: string): boolean | undefined {
    const value = this.member(name);
    return value === undefined || typeof value === 'boolean'
      ? value
      : this.refuse(this.pathOf(name), 'is not true or false');
  }

  optionalInteger(name: string, minimum: number, maximum: number): number | undefined {
    const value = this.member(name);
    if (value === undefined) return undefined;
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum;
    return fits ? value : this.refuse(this.pathOf(name), `is not a whole number from ${minimum} to ${maximum}`);
  }

  object(name: string): MemberReader {
    return this.optionalObject(name) ?? this.refuse(this.pathOf(name), 'is missing');
  }

  optionalObject(name: string): MemberReader | undefined {
    const value = this.member(name);
    return value === undefined ? undefined : this.#requireObject(value, this.pathOf(name));
  }

  optionalTextList(
    name: string,
    bounds: TextBounds = anyText,
    maxEntries = Number.POSITIVE_INFINITY,
  ): readonly string[] | undefined {
    const path = this.pathOf(name);
    const values = this.#optionalList(name);
    if (values !== undefined && values.length > maxEntries) {
      return this.refuse(path, `has more than ${maxEntries} members`);
    }
    return values?.map((value, index) => this.#requireText(value, `${path}[${index}]`, bounds));
  }

  optionalObjectList(name: string): readonly MemberReader[] | undefined {
    return this.#optionalList(name)?.map((value, index) =>
      this.#requireObject(value, `${this.pathOf(name)}[${index}]`),
    );
  }

  /** @returns an object without a prototype, so that a key like `__proto__` is a plain key */
  optionalTextMap(name: string, bounds: MapBounds): Readonly<Record<string, string>> | undefined {
    const map = this.member(name);
    if (map === undefined) return undefined;
    const path = this.pathOf(name);
    if (!isJsonObject(map)) return this.refuse(path, 'is not an object');
    const entries = Object.entries(map).filter(([, value]) => value !== null);
    const maxEntries = bounds.maxEntries ?? entries.length;
    if (entries.length > maxEntries) return this.refuse(path, `has more than ${maxEntries} members`);
    const texts: Record<string, string> = Object.create(null);
    for (const [key, value] of entries) {
      // An invalid key may contain anything, so it is not shown.
      this.#requireText(key, `A key of ${path}`, bounds.key);
      texts[key] = this.#requireText(value, `${path}.${key}`, bounds.value);
    }
    return texts;
  }

  refuse(path: string, problem: string): never {
    throw new Failure(this.#code, `${path} ${problem}.`);
  }

  pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #optionalList(name: string): readonly JsonValue[] | undefined {
    const value = this.member(name);
    return value === undefined || Array.isArray(value) ? value : this.refuse(this.pathOf(name), 'is not a list');
  }

  #requireObject(value: JsonValue, path: string): MemberReader {
    return isJsonObject(value) ? new MemberReader(value, path, this.#code) : this.refuse(path, 'is not an object');
  }

  #requireText(value: JsonValue, path: string, bounds: TextBounds): string {
    if (typeof value !== 'string') return this.refuse(path, 'is not a string');
    const { min = 0, max = Number.POSITIVE_INFINITY, pattern } = bounds;
    if (value.length < min) return this.refuse(path, min === 1 ? 'is empty' : `is shorter than ${min} characters`);
    if (value.length > max) return this.refuse(path, `is longer than ${max} characters`);
    if (pattern?.test(value) === false) return this.refuse(path, 'has characters that are not allowed there');
    return value;
  }
}
