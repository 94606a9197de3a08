/*
 * The part of the query language of CloudWatch Logs Insights that Lastmile uses. It refuses everything else, so that a query that
 * only this server understands is noticed. Source: CloudWatch Logs user guide, "Logs Insights QL".
 */

/** A line of a log, with the fields that Logs Insights discovers in its JSON. */
export type Fields = Readonly<Record<string, unknown>>;

export interface ParsedQuery {
  readonly fields: readonly string[];
  readonly matches: (line: Fields) => boolean;
}

interface Token {
  readonly kind: 'text' | 'regex' | 'word' | 'number' | 'symbol';
  readonly value: string;
}

const tokenPattern =
  /\s*(?:"(?<text>(?:[^"\\]|\\["\\])*)"|\/(?<regex>(?:[^/\\]|\\.)+)\/|(?<number>-?\d+(?:\.\d+)?)(?![\w.])|(?<word>@?[A-Za-z]\w*)|(?<symbol>!=|>=|<=|[=<>()[\],|]))/uy;

function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < query.trimEnd().length) {
    const at = tokenPattern.lastIndex;
    const groups = tokenPattern.exec(query)?.groups;
    const [kind, value] = Object.entries(groups ?? {}).find(([, part]) => part !== undefined) ?? [];
    if (kind === undefined || value === undefined) throw new SyntaxError(`unexpected symbol at ${at}`);
    tokens.push({ kind: kind as Token['kind'], value });
  }
  return tokens;
}

const comparisons: Readonly<Record<string, (a: number | string, b: number | string) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
};

type Condition = (line: Fields) => boolean;
type Operand = (line: Fields) => unknown;

/** @throws SyntaxError */
export function parseQuery(query: string): ParsedQuery {
  const tokens = tokensOf(query);
  const next = (): Token | undefined => tokens.shift();
  const isNext = (...values: readonly string[]): boolean =>
    ['word', 'symbol'].includes(tokens[0]?.kind ?? '') && values.includes(tokens[0]?.value ?? '');
  const expect = (...values: readonly string[]): string => {
    if (!isNext(...values))
      throw new SyntaxError(`expected ${values.join(' or ')}, found ${tokens[0]?.value ?? 'the end'}`);
    return next()?.value ?? '';
  };
  const word = (): string => {
    const token = next();
    if (token?.kind !== 'word') throw new SyntaxError(`expected a field, found ${token?.value ?? 'the end'}`);
    return token.value;
  };
  const literal = (): number | string => {
    const token = next();
    if (token?.kind === 'number') return Number(token.value);
    if (token?.kind === 'text') return token.value.replaceAll(/\\(["\\])/g, '$1');
    throw new SyntaxError(`expected a value, found ${token?.value ?? 'the end'}`);
  };
  const listOf = <Item>(item: () => Item): Item[] => {
    const items = [item()];
    while (isNext(',')) {
      next();
      items.push(item());
    }
    return items;
  };
  const operand = (): Operand => {
    const name = word();
    if (name !== 'toMillis') return (line) => line[name];
    expect('(');
    expect('@timestamp');
    expect(')');
    return (line) => line['@timestamp'];
  };
  const like = (value: Operand): Condition => {
    const token = next();
    if (token?.kind === 'text') {
      const part = token.value.replaceAll(/\\(["\\])/g, '$1');
      return (line) => String(value(line) ?? '').includes(part);
    }
    if (token?.kind !== 'regex') throw new SyntaxError('expected a text or a regular expression after like');
    const [, flag, source = ''] = /^(\(\?i\))?(.*)$/s.exec(token.value) ?? [];
    const pattern = new RegExp(source, flag === undefined ? 's' : 'is');
    return (line) => pattern.test(String(value(line) ?? ''));
  };
  const comparison = (): Condition => {
    if (isNext('(')) {
      next();
      const inner = either();
      expect(')');
      return inner;
    }
    const value = operand();
    const operator = expect('like', 'in', ...Object.keys(comparisons));
    if (operator === 'like') return like(value);
    if (operator === 'in') {
      expect('[');
      const members = listOf(literal);
      expect(']');
      return (line) => members.some((member) => compares('=', value(line), member));
    }
    const compared = literal();
    return (line) => compares(operator, value(line), compared);
  };
  const all = (): Condition => {
    const conditions = [comparison()];
    while (isNext('and')) {
      next();
      conditions.push(comparison());
    }
    return (line) => conditions.every((condition) => condition(line));
  };
  const either = (): Condition => {
    const conditions = [all()];
    while (isNext('or')) {
      next();
      conditions.push(all());
    }
    return (line) => conditions.some((condition) => condition(line));
  };

  expect('fields');
  const fields = listOf(word);
  expect('|');
  expect('filter');
  const matches = either();
  for (const part of ['|', 'sort', '@timestamp', 'desc']) expect(part);
  if (tokens.length > 0) throw new SyntaxError(`unexpected ${tokens[0]?.value}`);
  return { fields, matches };
}

/** A line without the field matches no comparison. */
function compares(operator: string, value: unknown, literal: number | string): boolean {
  if (value === undefined || value === null) return false;
  const compare = comparisons[operator];
  return compare?.(typeof literal === 'number' ? Number(value) : String(value), literal) === true;
}
