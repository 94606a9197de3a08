import type { Place } from './cursor.ts';
import { PatternCursor, RefusedPattern } from './cursor.ts';
import { inName, inValue, refuseValue, takeNumber, takeString, takeWord } from './literals.ts';

export type PatternToken = '{' | '}' | '[' | ']' | 'name' | 'string' | 'number' | 'true' | 'false' | 'null' | 'end';

interface Scope {
  readonly kind: 'root' | 'Object' | 'Array';
  readonly opened: Place;
  entries: number;
}

/** The greatest nesting depth of a pattern. Source: Jackson, the JSON parser that the service's error texts name. */
const maxDepth = 1_000;

/**
 * Reads the tokens of an event pattern one at a time. It reads as far ahead as the service's parser does, because error texts
 * name the position that the parser had reached. With a name, it also reads the beginning of the value. It reads a string to
 * its end only when the text of the string or the next token is requested.
 */
export class PatternTokens {
  /** The name of the member that was read last. */
  name = '';
  readonly #cursor: PatternCursor;
  readonly #scopes: Scope[] = [{ kind: 'root', opened: { line: 1, column: 0 }, entries: 0 }];
  #token: PatternToken = 'end';
  #ahead: PatternToken | undefined;
  #began: Place = { line: 1, column: 1 };
  #inString = false;
  #value = '';

  constructor(text: string) {
    this.#cursor = new PatternCursor(text);
  }

  /** @throws RefusedPattern when the text that follows is not valid JSON */
  next(): PatternToken {
    this.#token = this.#ahead === undefined ? this.#read() : this.#enter(this.#ahead);
    if (this.#token !== 'name') this.#ahead = undefined;
    return this.#token;
  }

  /** The text of the token that was read last. */
  text(): string {
    if (this.#inString) this.#finishString();
    return this.#token === 'string' || this.#token === 'number' ? this.#value : this.#token;
  }

  refuse(reason: string): never {
    this.#cursor.refuse(reason);
  }

  get #scope(): Scope {
    const scope = this.#scopes.at(-1);
    if (scope === undefined) throw new Error('The root scope of the event pattern is missing.');
    return scope;
  }

  #read(): PatternToken {
    if (this.#inString) this.#finishString();
    const scope = this.#scope;
    let character = this.#cursor.takeVisible();
    if (character === undefined) return this.#end(scope);
    if (character === '}' || character === ']') return this.#leave(character, scope);
    if (scope.kind !== 'root' && scope.entries > 0) character = this.#takeComma(character, scope);
    scope.entries += 1;
    return scope.kind === 'Object' ? this.#readName(character) : this.#enter(this.#readValue(character));
  }

  #end({ kind, opened }: Scope): PatternToken {
    if (kind === 'root') return 'end';
    const start = this.#cursor.located(opened);
    this.#cursor.refuse(`Unexpected end-of-input: expected close marker for ${kind} (start marker at ${start})`);
  }

  #leave(marker: '}' | ']', { kind, opened }: Scope): PatternToken {
    if (kind !== (marker === '}' ? 'Object' : 'Array')) {
      const expected = marker === '}' ? ']' : '}';
      const start = this.#cursor.located(opened);
      this.#cursor.refuseTaken(
        `Unexpected close marker '${marker}': expected '${expected}' (for ${kind} starting at ${start})`,
      );
    }
    this.#scopes.pop();
    return marker;
  }

  #takeComma(character: string, { kind }: Scope): string {
    if (character !== ',') {
      this.#cursor.refuseCharacter(character, `was expecting comma to separate ${kind} entries`);
    }
    return this.#takeWithin(kind);
  }

  #takeWithin(kind: Scope['kind']): string {
    const character = this.#cursor.takeVisible();
    if (character === undefined) this.#cursor.refuse(`Unexpected end-of-input within/between ${kind} entries`);
    return character;
  }

  #readName(quote: string): PatternToken {
    if (quote !== '"') this.#cursor.refuseCharacter(quote, 'was expecting double-quote to start field name');
    this.name = takeString(this.#cursor, inName);
    const colon = this.#takeWithin('Object');
    if (colon !== ':') this.#cursor.refuseCharacter(colon, 'was expecting a colon to separate field name and value');
    this.#ahead = this.#readValue(this.#takeWithin('Object'));
    return 'name';
  }

  #readValue(first: string): PatternToken {
    this.#began = this.#cursor.place(1);
    if (first === '{' || first === '[') return first;
    if (first === '"') {
      this.#inString = true;
      return 'string';
    }
    if (first === '-' || /^\d$/.test(first)) return this.#readNumber();
    for (const word of ['true', 'false', 'null'] as const) {
      if (first !== word[0]) continue;
      takeWord(this.#cursor, word);
      return word;
    }
    if (first === '}') this.#cursor.refuseCharacter(first, 'expected a value');
    refuseValue(this.#cursor, first);
  }

  #readNumber(): PatternToken {
    this.#value = takeNumber(this.#cursor);
    if (this.#scope.kind === 'root' && !this.#cursor.atEnd) this.#endRootNumber();
    return 'number';
  }

  #endRootNumber(): void {
    const cursor = this.#cursor;
    const character = cursor.character;
    if (character === '\n' || character === '\r') {
      cursor.takeLineEnd();
      return;
    }
    cursor.offset += 1;
    if (!/[ \t]/.test(character)) cursor.refuseCharacter(character, 'Expected space separating root-level values');
  }

  #finishString(): void {
    this.#value = takeString(this.#cursor, inValue);
    this.#inString = false;
  }

  /**
   * Opens the scope of an object or array. After a member's name, the bracket was already read together with the name, but the
   * scope opens only here.
   */
  #enter(token: PatternToken): PatternToken {
    if (token !== '{' && token !== '[') return token;
    this.#scopes.push({ kind: token === '{' ? 'Object' : 'Array', opened: this.#began, entries: 0 });
    const depth = this.#scopes.length - 1;
    if (depth > maxDepth) {
      const limit = `the maximum allowed (${maxDepth}, from \`StreamReadConstraints.getMaxNestingDepth()\`)`;
      throw new RefusedPattern(`Document nesting depth (${depth}) exceeds ${limit}`);
    }
    return token;
  }
}
