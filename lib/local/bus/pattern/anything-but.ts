import { equalIgnoringCase } from './ignore-case.ts';
import type { ValueMatch } from './match.ts';
import { equal, noneOf, prefix, suffix } from './match.ts';
import { comparableNumber } from './decimal.ts';
import { RefusedPattern } from './cursor.ts';
import type { PatternToken, PatternTokens } from './tokens.ts';
import { wildcard, wildcardFault } from './wildcard.ts';

/** An operator that `anything-but` can negate, with the service's texts for an invalid value. */
interface Exclusion {
  readonly compile: (text: string) => ValueMatch;
  readonly notString: string;
  readonly fault: (text: string) => string | undefined;
}

const affix = {
  notString: 'prefix/suffix match pattern must be a string',
  fault: (text: string): string | undefined => (text === '' ? 'Null prefix/suffix not allowed' : undefined),
};

const exclusions: ReadonlyMap<string, Exclusion> = new Map<string, Exclusion>([
  ['prefix', { ...affix, compile: prefix }],
  ['suffix', { ...affix, compile: suffix }],
  [
    'equals-ignore-case',
    {
      compile: equalIgnoringCase,
      notString: 'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.',
      fault: () => undefined,
    },
  ],
  ['wildcard', { compile: wildcard, notString: 'wildcard match pattern must be a string', fault: () => undefined }],
]);

/** Parses the rest of an `anything-but` object, after its name. */
export function parseAnythingBut(tokens: PatternTokens): ValueMatch {
  const token = tokens.next();
  if (token !== '{') {
    const match = noneOf(parsePlain(tokens, token));
    close(tokens);
    return match;
  }
  if (tokens.next() !== 'name') tokens.refuse('Anything-But expression name not found');
  const exclusion = exclusions.get(tokens.name);
  if (exclusion === undefined) tokens.refuse(`Unsupported anything-but pattern: ${tokens.name}`);
  const texts = parseTexts(tokens, tokens.next(), exclusion);
  if (exclusion.compile === wildcard) refuseFaultyWildcard(tokens, texts);
  const match = noneOf(texts.map(exclusion.compile));
  close(tokens);
  close(tokens);
  return match;
}

function close(tokens: PatternTokens): void {
  if (tokens.next() !== '}') tokens.refuse('Too many elements in numeric expression');
}

function requireValue(tokens: PatternTokens, token: PatternToken): void {
  if (token === '[' || token === 'string' || token === 'number') return;
  tokens.refuse('Value of anything-but must be an array or single string/number value.');
}

function parsePlain(tokens: PatternTokens, token: PatternToken): readonly ValueMatch[] {
  requireValue(tokens, token);
  if (token === '[') return parsePlainList(tokens);
  if (token === 'string') return [equal(tokens.text())];
  const number = comparableNumber(tokens.text());
  if (number === undefined) throw new RefusedPattern(`Cannot compare number : ${tokens.text()}`);
  return [equal(number)];
}

function parsePlainList(tokens: PatternTokens): readonly ValueMatch[] {
  const values: (string | number)[] = [];
  inList(tokens, () => {
    for (let token = tokens.next(); token !== ']'; token = tokens.next()) values.push(parsePlainElement(tokens, token));
  });
  const kinds = new Set(values.map((value) => typeof value));
  if (kinds.size !== 1) {
    tokens.refuse('Inside anything but list, either all values are number or string, mixed type is not supported');
  }
  return values.map(equal);
}

function parsePlainElement(tokens: PatternTokens, token: PatternToken): string | number {
  if (token === 'string') return tokens.text();
  if (token !== 'number') tokens.refuse('Inside anything but list, start|null|boolean is not supported.');
  const number = comparableNumber(tokens.text());
  if (number === undefined) throw new RefusedPattern(`Cannot compare number : ${tokens.text()}`);
  return number;
}

function parseTexts(tokens: PatternTokens, token: PatternToken, exclusion: Exclusion): readonly string[] {
  requireValue(tokens, token);
  if (token !== '[') return [parseText(tokens, token, exclusion)];
  return inList(tokens, () => {
    const texts: string[] = [];
    for (let element = tokens.next(); element !== ']'; element = tokens.next()) {
      texts.push(parseText(tokens, element, exclusion));
    }
    return texts;
  });
}

function parseText(tokens: PatternTokens, token: PatternToken, { notString, fault }: Exclusion): string {
  if (token !== 'string') tokens.refuse(notString);
  const text = tokens.text();
  const problem = fault(text);
  if (problem !== undefined) tokens.refuse(problem);
  return text;
}

function refuseFaultyWildcard(tokens: PatternTokens, texts: readonly string[]): void {
  for (const text of texts) {
    const fault = wildcardFault(text);
    if (fault !== undefined) tokens.refuse(fault);
  }
}

/** For an error in a list inside `anything-but`, the service's text names the position twice: for the value and for the list. */
function inList<Value>(tokens: PatternTokens, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RefusedPattern)) throw error;
    tokens.refuse(error.message);
  }
}
