import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { useSay } from '../shell/notices.tsx';
import { navigate } from '../shell/router.ts';

interface DeauthorizeDialogProps {
  readonly name: string;
  readonly onDismiss: () => void;
  readonly onDone: () => void;
}

export function DeauthorizeDialog({ name, onDismiss, onDone }: DeauthorizeDialogProps) {
  const { call } = useStack();
  const say = useSay();
  return (
    <ConfirmDialog
      title={`Deauthorize ${name}?`}
      confirmText="Deauthorize"
      onDismiss={onDismiss}
      onConfirm={async () => {
        await call('DeauthorizeConnection', { Name: name });
        say(`Connection ${name} was deauthorized.`);
        onDone();
      }}
    >
      <Box>
        The stored credentials are deleted. Events for the API destinations of this connection fail until you enter new
        credentials with Edit.
      </Box>
    </ConfirmDialog>
  );
}

interface DeleteDialogProps {
  readonly name: string;
  readonly connectionArn: string | undefined;
  readonly onDismiss: () => void;
}

/** More names than these would not fit the dialog. */
const maxNames = 10;

export function DeleteDialog({ name, connectionArn = '', onDismiss }: DeleteDialogProps) {
  const { call } = useStack();
  const say = useSay();
  const { output } = useAnswer('ListApiDestinations', { ConnectionArn: connectionArn, Limit: maxNames });
  const bound = output?.ApiDestinations ?? [];
  return (
    <ConfirmDialog
      title={`Delete ${name}?`}
      confirmText="Delete"
      onDismiss={onDismiss}
      onConfirm={async () => {
        await call('DeleteConnection', { Name: name });
        say(`Connection ${name} was deleted.`);
        navigate('/connections');
      }}
    >
      <Box>The connection and its stored credentials are deleted. This cannot be undone.</Box>
      {bound.length > 0 && (
        <Alert type="warning" header="API destinations use this connection">
          They become inactive, and their events fail:
          <ul>
            {bound.map(({ Name }) => (
              <li key={Name}>{Name}</li>
            ))}
            {output?.NextToken !== undefined && <li>and others</li>}
          </ul>
        </Alert>
      )}
    </ConfirmDialog>
  );
}
