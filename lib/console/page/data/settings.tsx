import type { ReactNode } from 'react';
import { createContext, useContext, useMemo } from 'react';
import type { ConsoleSettings } from '../../api/settings.ts';
import type { CallOperation } from './call.ts';
import { callOperation } from './call.ts';

export interface Stack extends ConsoleSettings {
  readonly call: CallOperation;
}

const StackContext = createContext<Stack | undefined>(undefined);

/** The stack behind the page, in the region that is chosen. */
export function useStack(): Stack {
  const stack = useContext(StackContext);
  if (stack === undefined) throw new Error('useStack needs a StackProvider.');
  return stack;
}

interface StackProviderProps {
  readonly settings: ConsoleSettings;
  readonly region: string;
  readonly children: ReactNode;
}

export function StackProvider({ settings, region, children }: StackProviderProps) {
  const stack = useMemo<Stack>(
    () => ({ ...settings, region, call: (operation, input) => callOperation(operation, input, region) }),
    [settings, region],
  );
  return <StackContext value={stack}>{children}</StackContext>;
}
