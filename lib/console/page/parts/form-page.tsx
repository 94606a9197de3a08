import Button from '@cloudscape-design/components/button';
import Form from '@cloudscape-design/components/form';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { OperationError } from '../data/call.ts';
import { operationErrorOf } from '../data/call.ts';
import { violationsIn } from '../data/field-errors.ts';
import { useStack } from '../data/settings.tsx';
import { navigate } from '../shell/router.ts';
import { FieldErrors } from './field.tsx';

/** The refusal below the form. It names every member, because one of them may have no field here. */
function Problem({ error: { code, message } }: { readonly error: OperationError }) {
  const violations = violationsIn(message);
  if (violations.length === 0) return `${code}: ${message}`;
  return (
    <>
      {code}: the service does not take these members.
      <ul>
        {violations.map(({ path, text }) => (
          <li key={path}>
            {path}: {text}
          </li>
        ))}
      </ul>
    </>
  );
}

interface FormPageProps {
  readonly title: string;
  readonly description?: ReactNode;
  readonly submitText: string;
  readonly cancelHref: string;
  /** Saves. When it rejects with an OperationError, the form stays as it is, with the error at its field. */
  readonly onSubmit: () => Promise<void>;
  readonly children: ReactNode;
}

export function FormPage({ title, description, submitText, cancelHref, onSubmit, children }: FormPageProps) {
  const { isReadOnly } = useStack();
  const [isSaving, setIsSaving] = useState(false);
  const [error, setError] = useState<OperationError>();

  const submit = async (): Promise<void> => {
    setIsSaving(true);
    setError(undefined);
    try {
      await onSubmit();
    } catch (thrown) {
      setError(operationErrorOf(thrown));
    } finally {
      setIsSaving(false);
    }
  };

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isSaving) void submit();
      }}
    >
      <Form
        header={
          <Header variant="h1" description={description}>
            {title}
          </Header>
        }
        errorText={error && <Problem error={error} />}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button formAction="none" variant="link" onClick={() => navigate(cancelHref)}>
              Cancel
            </Button>
            <Button
              variant="primary"
              loading={isSaving}
              disabled={isReadOnly}
              disabledReason="This console is read-only."
            >
              {submitText}
            </Button>
          </SpaceBetween>
        }
      >
        <FieldErrors error={error}>
          <SpaceBetween size="l">{children}</SpaceBetween>
        </FieldErrors>
      </Form>
    </form>
  );
}
