import { useState } from 'react';
import type { ConsoleOperation } from '../../api/operations.ts';
import type { Answer } from './use-answer.ts';
import { useAnswer } from './use-answer.ts';
import type { InputOf, OutputOf } from './operations.ts';

/** An operation that answers in pages. */
interface PagedOutput {
  readonly NextToken?: string | undefined;
  readonly nextToken?: string | undefined;
}

export interface Pages<Output> extends Answer<Output> {
  /** Counted from 1. */
  readonly pageIndex: number;
  /** The pages that are known. */
  readonly pagesCount: number;
  readonly hasNext: boolean;
  readonly goTo: (pageIndex: number) => void;
}

interface Visited {
  readonly key: string;
  readonly pageIndex: number;
  /** The token of each known page. */
  readonly tokens: readonly (string | undefined)[];
}

const firstPage = { pageIndex: 1, tokens: [undefined] } as const;

/** Reads a list page by page from the server. A new input begins with the first page. */
export function usePages<Name extends ConsoleOperation>(
  operation: Name,
  input: InputOf<Name>,
  pollMs?: (output: OutputOf<Name> | undefined) => number | undefined,
): Pages<OutputOf<Name>> {
  const key = JSON.stringify([operation, input]);
  const [state, setState] = useState<Visited>({ key, ...firstPage });
  const { pageIndex, tokens }: Omit<Visited, 'key'> = state.key === key ? state : firstPage;
  const token = tokens[pageIndex - 1];
  // Members of AppSync's operations begin with a small letter.
  const member = operation === 'ListApiKeys' ? 'nextToken' : 'NextToken';
  const answer = useAnswer(operation, token === undefined ? input : { ...input, [member]: token }, pollMs);
  const next = (answer.output as PagedOutput | undefined)?.[member];
  const known = next === undefined ? tokens.slice(0, pageIndex) : [...tokens.slice(0, pageIndex), next];
  return {
    ...answer,
    pageIndex,
    pagesCount: Math.max(known.length, 1),
    hasNext: next !== undefined,
    goTo: (index) => setState({ key, pageIndex: index, tokens: index > tokens.length ? known : tokens }),
  };
}
