import { ServiceError } from '../../../core/failure/service-error.ts';

/** The error for an invalid event pattern. Its message is the service's text, with the position if the service gives one. */
export class RefusedPattern extends Error {
  override readonly name = 'RefusedPattern';
}

export function toServiceError(refusal: RefusedPattern): ServiceError {
  const text = `Event pattern is not valid. Reason: ${refusal.message}`;
  return new ServiceError('InvalidEventPatternException', text, { cause: refusal });
}

/** The most characters of a pattern that an error text quotes. Source: Jackson, the JSON parser that these texts name. */
const maxQuotedCharacters = 500;
const controlCharacter = /[\0-\x1f\x7f-\x9f]/;
const controlCharacters = /[\0-\t\v\f\x0e-\x1f\x7f-\x9f]/g;

/** Line and column, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * A position in the text of an event pattern, and the errors that name that position.
 *
 * The service reports the position that its parser had reached, which is often past the error. Clients compare these texts, so
 * the columns are the same here.
 */
export class PatternCursor {
  readonly text: string;
  offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.offset >= this.text.length;
  }

  /** The character at this position; empty at the end of the text. */
  get character(): string {
    return this.text.charAt(this.offset);
  }

  /** The line and column of the character that is `charactersBack` before the current position. */
  place(charactersBack = 0): Place {
    return { line: this.#line, column: this.offset - charactersBack - this.#lineStart + 1 };
  }

  /** Formats a position for an error text, as the service does. */
  located({ line, column }: Place): string {
    return `[Source: (String)${quoted(this.text)}; line: ${line}, column: ${column}]`;
  }

  refuse(reason: string, place = this.place()): never {
    throw new RefusedPattern(`${reason}\n at ${this.located(place)}`);
  }

  /** Refuses the character that was read last. */
  refuseTaken(reason: string): never {
    this.refuse(reason, this.place(1));
  }

  refuseCharacter(character: string, expectation: string): never {
    this.refuseTaken(`Unexpected character (${described(character)}): ${expectation}`);
  }

  /** Reads the next character that is not white space; undefined at the end. */
  takeVisible(): string | undefined {
    while (!this.atEnd) {
      const character = this.character;
      if (character === '\n' || character === '\r') {
        this.takeLineEnd();
        continue;
      }
      this.offset += 1;
      if (character === '/') this.#refuseComment();
      if (character > ' ') return character;
      if (character !== ' ' && character !== '\t') this.#refuseSpace(character);
    }
    return undefined;
  }

  /** Reads one line end: `\n`, `\r` or `\r\n`. */
  takeLineEnd(): void {
    const both = this.character === '\r' && this.text.charAt(this.offset + 1) === '\n';
    this.offset += both ? 2 : 1;
    this.#line += 1;
    this.#lineStart = this.offset;
  }

  #refuseSpace(character: string): never {
    const allowed = 'only regular white space (\\r, \\n, \\t) is allowed between tokens';
    this.refuse(`Illegal character (${described(character)}): ${allowed}`);
  }

  #refuseComment(): never {
    const hint = "(not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)";
    this.refuseCharacter('/', `maybe a (non-standard) comment? ${hint}`);
  }
}

export function described(character: string): string {
  const code = character.charCodeAt(0);
  if (controlCharacter.test(character)) return `(CTRL-CHAR, code ${code})`;
  if (code > 0xff) return `'${character}' (code ${code} / 0x${code.toString(16)})`;
  return `'${character}' (code ${code})`;
}

function quoted(text: string): string {
  const shown = text.slice(0, maxQuotedCharacters).replace(controlCharacters, escaped);
  const hidden = text.length - maxQuotedCharacters;
  return hidden > 0 ? `"${shown}"[truncated ${hidden} chars]` : `"${shown}"`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
