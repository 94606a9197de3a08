import AttributeEditor from '@cloudscape-design/components/attribute-editor';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { use } from 'react';
import { pathOf } from '../data/field-errors.ts';
import { ErrorContext } from '../parts/field.tsx';
import type { ParameterDraft, ParameterPlace } from './http-parameters.ts';
import { newParameter, parameterPath, parameterPlaces } from './http-parameters.ts';

interface ParametersEditorProps {
  /** Undefined while a connection keeps the parameters that it has. */
  readonly value: readonly ParameterDraft[] | undefined;
  readonly onChange: (value: readonly ParameterDraft[] | undefined) => void;
  /** The rows with which a replacement of the parameters begins. */
  readonly kept: readonly ParameterDraft[];
  /** The path of the parameters in the input, by which errors name them. */
  readonly path: string;
}

const placeOptions = Object.entries(parameterPlaces).map(([value, label]) => ({ value, label }));

/** Headers, query string parameters and members of the body that a request gets. */
export function ParametersEditor({ value, onChange, kept, path }: ParametersEditorProps) {
  if (value === undefined)
    return (
      <SpaceBetween size="xs">
        <span>
          {kept.length === 0 ? 'There are no parameters.' : `Keeps ${kept.map(({ key }) => key).join(', ')}.`}
        </span>
        <Button formAction="none" onClick={() => onChange(kept)}>
          {kept.length === 0 ? 'Add parameters' : 'Replace the parameters'}
        </Button>
      </SpaceBetween>
    );
  return <Rows value={value} onChange={onChange} path={path} />;
}

interface RowsProps {
  readonly value: readonly ParameterDraft[];
  readonly onChange: (value: readonly ParameterDraft[]) => void;
  readonly path: string;
}

function Rows({ value, onChange, path }: RowsProps) {
  const fields = use(ErrorContext)?.fields;
  const change = (index: number, changes: Partial<ParameterDraft>): void =>
    onChange(value.map((row, at) => (at === index ? { ...row, ...changes } : row)));
  const errorOf = (index: number, member: string): string | undefined =>
    fields?.get(pathOf(`${parameterPath(value, index, path)}.${member}`));
  return (
    <AttributeEditor
      items={[...value]}
      addButtonText="Add parameter"
      removeButtonText="Remove"
      removeButtonAriaLabel={(item) => `Remove parameter ${item.key}`}
      empty="There are no parameters."
      onAddButtonClick={() => onChange([...value, newParameter])}
      onRemoveButtonClick={({ detail }) => onChange(value.filter((_row, index) => index !== detail.itemIndex))}
      definition={[
        {
          label: 'Place',
          control: (row, index) => (
            <Select
              selectedOption={{ value: row.place, label: parameterPlaces[row.place] }}
              options={placeOptions}
              ariaLabel="Place"
              onChange={({ detail }) => change(index, { place: detail.selectedOption.value as ParameterPlace })}
            />
          ),
        },
        {
          label: 'Key',
          errorText: (_row, index) => errorOf(index, 'Key'),
          control: (row, index) => (
            <Input value={row.key} ariaLabel="Key" onChange={({ detail }) => change(index, { key: detail.value })} />
          ),
        },
        {
          label: 'Value',
          errorText: (_row, index) => errorOf(index, 'Value'),
          control: (row, index) => (
            <Input
              value={row.value}
              ariaLabel="Value"
              type={row.isSecret ? 'password' : 'text'}
              autoComplete={false}
              onChange={({ detail }) => change(index, { value: detail.value })}
            />
          ),
        },
        {
          label: 'Secret',
          control: (row, index) => (
            <Checkbox checked={row.isSecret} onChange={({ detail }) => change(index, { isSecret: detail.checked })}>
              Never show the value
            </Checkbox>
          ),
        },
      ]}
    />
  );
}
