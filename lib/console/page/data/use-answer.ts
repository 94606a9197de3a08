import { useCallback, useEffect, useState } from 'react';
import type { ConsoleOperation } from '../../api/operations.ts';
import type { OperationError } from './call.ts';
import { operationErrorOf } from './call.ts';
import type { InputOf, OutputOf } from './operations.ts';
import { useStack } from './settings.tsx';

export interface Answer<Output> {
  /** The last answer; it stays while a new one is loaded, and after an error. */
  readonly output?: Output;
  readonly error?: OperationError;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

interface State<Output> {
  readonly key: string;
  readonly output?: Output;
  readonly error?: OperationError;
  readonly isLoading: boolean;
}

/**
 * Calls a reading operation, and again when its input or the region changes.
 *
 * @param input undefined calls nothing
 * @param pollMs calls again this long after each answer, while the page is visible
 */
export function useAnswer<Name extends ConsoleOperation>(
  operation: Name,
  input: InputOf<Name> | undefined,
  pollMs?: (output: OutputOf<Name> | undefined) => number | undefined,
): Answer<OutputOf<Name>> {
  const { call, region } = useStack();
  const key = JSON.stringify([operation, input, region]);
  const [state, setState] = useState<State<OutputOf<Name>>>({ key, isLoading: input !== undefined });
  const [loads, setLoads] = useState(0);
  const reload = useCallback(() => setLoads((count) => count + 1), []);

  useEffect(() => {
    if (input === undefined) return setState({ key, isLoading: false });
    let isCurrent = true;
    setState((before) => ({ ...(before.key === key ? before : {}), key, isLoading: true }));
    call(operation, input).then(
      (output) => isCurrent && setState({ key, output, isLoading: false }),
      (thrown: unknown) =>
        isCurrent && setState((before) => ({ ...before, error: operationErrorOf(thrown), isLoading: false })),
    );
    return () => {
      isCurrent = false;
    };
    // The key stands for the operation, its input and the region.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [key, loads]);

  const current: State<OutputOf<Name>> = state.key === key ? state : { key, isLoading: input !== undefined };
  const waitMs = current.isLoading ? undefined : pollMs?.(current.output);
  useEffect(() => {
    if (waitMs === undefined) return undefined;
    const ended = new AbortController();
    const timer = setTimeout(function poll() {
      if (document.visibilityState === 'visible') reload();
      else document.addEventListener('visibilitychange', poll, { once: true, signal: ended.signal });
    }, waitMs);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [waitMs, state, reload]);

  return { output: current.output, error: current.error, isLoading: current.isLoading, reload };
}
