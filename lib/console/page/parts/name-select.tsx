import Select, { type SelectProps } from '@cloudscape-design/components/select';
import { useState } from 'react';
import type { Answer } from '../data/use-answer.ts';
import { Field } from './field.tsx';

const optionsPerLoad = 50;

/** The members of a list operation's input with which it looks for names. */
export interface NameSearch {
  readonly Limit: number;
  readonly NamePrefix?: string;
}

interface NameSelectProps<Output> {
  readonly label: string;
  /** The path of the input's member that has the ARN. */
  readonly path: string;
  /** In the singular, with its article: `a connection`. */
  readonly kind: string;
  readonly selected: SelectProps.Option | null;
  /** A hook that lists the resources whose names begin with the text that the person types. */
  readonly useList: (search: NameSearch) => Answer<Output>;
  readonly optionsOf: (output: Output) => readonly SelectProps.Option[];
  readonly onArn: (arn: string) => void;
}

/** Chooses a resource by the beginning of its name. The server looks for it, because there may be thousands. */
export function NameSelect<Output extends { readonly NextToken?: string | undefined }>(props: NameSelectProps<Output>) {
  const { label, path, kind, selected, useList, optionsOf, onArn } = props;
  const [prefix, setPrefix] = useState('');
  const { output, error, isLoading, reload } = useList({
    Limit: optionsPerLoad,
    ...(prefix !== '' && { NamePrefix: prefix }),
  });
  return (
    <Field label={label} path={path}>
      <Select
        selectedOption={selected}
        options={output === undefined ? [] : optionsOf(output)}
        placeholder={`Choose ${kind}`}
        filteringType="manual"
        filteringAriaLabel="Beginning of the name"
        filteringPlaceholder="Beginning of the name"
        statusType={error === undefined ? (isLoading ? 'loading' : 'finished') : 'error'}
        loadingText="Loading"
        errorText={error?.message}
        recoveryText="Try again"
        empty="Nothing has this name."
        finishedText={output?.NextToken === undefined ? undefined : 'There are more. Type the beginning of a name.'}
        onLoadItems={({ detail }) =>
          detail.filteringText === prefix ? error && reload() : setPrefix(detail.filteringText)
        }
        onChange={({ detail }) => onArn(detail.selectedOption.value ?? '')}
      />
    </Field>
  );
}
