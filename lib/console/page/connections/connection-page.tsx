import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { OutputOf } from '../data/operations.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Center } from '../parts/center.tsx';
import { Refusal } from '../parts/refusal.tsx';
import type { PageProps } from '../parts/page-props.ts';
import { BoundDestinations } from './bound-destinations.tsx';
import { ConnectionDetails } from './connection-details.tsx';
import { ConnectionPolicy } from './connection-policy.tsx';
import { DeauthorizeDialog, DeleteDialog } from './connection-dialogs.tsx';

const pollEveryMs = 1000;

/** A connection in one of these states is on its way to another. */
const transitional: ReadonlySet<string | undefined> = new Set([
  'CREATING',
  'UPDATING',
  'DELETING',
  'AUTHORIZING',
  'DEAUTHORIZING',
]);

function pollMs(connection: OutputOf<'DescribeConnection'> | undefined): number | undefined {
  return transitional.has(connection?.ConnectionState) ? pollEveryMs : undefined;
}

export function ConnectionPage({ params: { name = '' } }: PageProps) {
  const { isReadOnly } = useStack();
  const { output: connection, error, reload } = useAnswer('DescribeConnection', { Name: name }, pollMs);
  const [dialog, setDialog] = useState<'deauthorize' | 'delete'>();
  if (connection === undefined) return error ? <Refusal error={error} onRetry={reload} /> : <Center isLoading />;
  const close = (): void => setDialog(undefined);
  const readOnly = { disabled: isReadOnly, disabledReason: 'This console is read-only.' };
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="refresh" ariaLabel="Reload the connection" onClick={reload} />
            <Button {...readOnly} href={`/connections/${name}/edit`}>
              Edit
            </Button>
            <Button {...readOnly} onClick={() => setDialog('deauthorize')}>
              Deauthorize
            </Button>
            <Button {...readOnly} onClick={() => setDialog('delete')}>
              Delete
            </Button>
          </SpaceBetween>
        }
      >
        {name}
      </Header>
      <Refusal error={error} onRetry={reload} />
      <ConnectionDetails connection={connection} />
      <ConnectionPolicy name={name} />
      <BoundDestinations connectionArn={connection.ConnectionArn} />
      {dialog === 'deauthorize' && (
        <DeauthorizeDialog name={name} onDismiss={close} onDone={() => (close(), reload())} />
      )}
      {dialog === 'delete' && <DeleteDialog name={name} connectionArn={connection.ConnectionArn} onDismiss={close} />}
    </SpaceBetween>
  );
}
