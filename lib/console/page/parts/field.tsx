import FormField from '@cloudscape-design/components/form-field';
import Input, { type InputProps } from '@cloudscape-design/components/input';
import type { ReactNode } from 'react';
import { createContext, useContext } from 'react';
import type { ConsoleOperation } from '../../api/operations.ts';
import type { OperationError } from '../data/call.ts';
import { pathOf } from '../data/field-errors.ts';

export const ErrorContext = createContext<OperationError | undefined>(undefined);

interface FieldErrorsProps {
  readonly error: OperationError | undefined;
  readonly children: ReactNode;
}

/** Gives the fields inside it the error of the last save. Each shows what the service said about it. */
export function FieldErrors({ error, children }: FieldErrorsProps) {
  return <ErrorContext value={error}>{children}</ErrorContext>;
}

interface FieldsOfProps {
  readonly operation: ConsoleOperation;
  readonly children: ReactNode;
}

/** The fields of one operation, in a form that calls several. They show only the errors of that operation. */
export function FieldsOf({ operation, children }: FieldsOfProps) {
  const error = useContext(ErrorContext);
  return <ErrorContext value={error?.operation === operation ? error : undefined}>{children}</ErrorContext>;
}

/** @param path of the member of the operation's input, such as `AuthParameters.BasicAuthParameters.Username` */
function useFieldError(path: string): string | undefined {
  return useContext(ErrorContext)?.fields.get(pathOf(path));
}

interface FieldProps {
  readonly path: string;
  readonly label: string;
  readonly description?: ReactNode;
  readonly constraint?: ReactNode;
  readonly isOptional?: boolean;
  readonly children: ReactNode;
}

export function Field({ path, label, description, constraint, isOptional = false, children }: FieldProps) {
  return (
    <FormField
      label={
        isOptional ? (
          <>
            {label} <i>- optional</i>
          </>
        ) : (
          label
        )
      }
      description={description}
      constraintText={constraint}
      errorText={useFieldError(path)}
    >
      {children}
    </FormField>
  );
}

interface TextFieldProps extends Omit<FieldProps, 'children'> {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  readonly inputMode?: InputProps['inputMode'];
  /** Hides the text, and tells the browser not to store it. */
  readonly isSecret?: boolean;
}

export function TextField({ value, onChange, placeholder, inputMode, isSecret = false, ...field }: TextFieldProps) {
  return (
    <Field {...field}>
      <Input
        value={value}
        placeholder={placeholder}
        inputMode={inputMode}
        type={isSecret ? 'password' : 'text'}
        autoComplete={isSecret ? 'new-password' : false}
        spellcheck={false}
        onChange={({ detail }) => onChange(detail.value)}
      />
    </Field>
  );
}
