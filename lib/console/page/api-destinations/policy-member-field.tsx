import Select from '@cloudscape-design/components/select';
import Textarea from '@cloudscape-design/components/textarea';
import { Field, TextField } from '../parts/field.tsx';
import type { PolicyMember } from './policy-members.ts';

interface MemberFieldProps {
  readonly member: PolicyMember;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** The field of one member of a delivery policy, with its explanation and its default. */
export function MemberField({ member, value, onChange }: MemberFieldProps) {
  const { path, label, explanation, whenEmpty, type, choices = {} } = member;
  const field = { path, label, description: explanation, constraint: `Default: ${whenEmpty}.` };
  if (type === 'lines')
    return (
      <Field {...field}>
        <Textarea rows={5} value={value} spellcheck={false} onChange={({ detail }) => onChange(detail.value)} />
      </Field>
    );
  if (type === 'choice') {
    const options = Object.entries({ '': 'Default', ...choices }).map(([each, text]) => ({ value: each, label: text }));
    return (
      <Field {...field}>
        <Select
          selectedOption={options.find((option) => option.value === value) ?? { value, label: value }}
          options={options}
          onChange={({ detail }) => onChange(detail.selectedOption.value ?? '')}
        />
      </Field>
    );
  }
  return <TextField {...field} inputMode={type === 'number' ? 'decimal' : 'text'} value={value} onChange={onChange} />;
}
