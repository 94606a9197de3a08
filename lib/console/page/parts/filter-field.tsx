import type { InputProps } from '@cloudscape-design/components/input';
import { useCallback } from 'react';
import { setQuery, usePlace } from '../shell/router.ts';
import { TextField } from './field.tsx';
import { useTyped } from './use-typed.ts';

interface FilterFieldProps {
  /** The parameter of the address that holds the text, so that a link shows the same list. */
  readonly parameter: string;
  /** The member of the operation's input. A refusal that names it appears beside the field. */
  readonly path: string;
  readonly label: string;
  readonly placeholder?: string;
  readonly inputMode?: InputProps['inputMode'];
}

/** A text by which the server filters a list. */
export function FilterField({ parameter, ...field }: FilterFieldProps) {
  const value = usePlace().query.get(parameter) ?? '';
  const [text, setText] = useTyped(
    value,
    useCallback((next: string) => setQuery(parameter, next), [parameter]),
  );
  return <TextField {...field} value={text} onChange={setText} />;
}
