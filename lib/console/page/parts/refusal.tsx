import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import type { OperationError } from '../data/call.ts';

interface RefusalProps {
  readonly error: OperationError | undefined;
  /** Adds a button that tries again. */
  readonly onRetry?: () => void;
}

/** Shows the service's own text. Nothing without an error. */
export function Refusal({ error, onRetry }: RefusalProps) {
  if (error === undefined) return null;
  return (
    <Alert
      type="error"
      header={error.code}
      action={onRetry === undefined ? undefined : <Button onClick={onRetry}>Try again</Button>}
    >
      {error.message}
    </Alert>
  );
}
