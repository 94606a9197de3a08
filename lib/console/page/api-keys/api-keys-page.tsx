import Button from '@cloudscape-design/components/button';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { TableProps } from '@cloudscape-design/components/table';
import { useState } from 'react';
import type { ApiKey } from '../data/api-key-operations.ts';
import { useStack } from '../data/settings.tsx';
import { usePages } from '../data/use-pages.ts';
import { FirstStep } from '../parts/first-step.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { Time } from '../parts/time.tsx';
import { setQuery, usePlace } from '../shell/router.ts';
import { apiIn, apis } from './api-key-draft.ts';
import { DeleteKeyDialog, ExtendKeyDialog } from './api-key-dialogs.tsx';

type Open = (kind: 'extend' | 'delete', id: string) => void;

function columns(isReadOnly: boolean, open: Open): readonly TableProps.ColumnDefinition<ApiKey>[] {
  const readOnly = { disabled: isReadOnly, disabledReason: 'This console is read-only.' };
  return [
    { id: 'id', header: 'Id', isRowHeader: true, minWidth: 160, cell: ({ id }) => id },
    { id: 'description', header: 'Description', minWidth: 160, cell: ({ description }) => description ?? '-' },
    { id: 'state', header: 'State', minWidth: 110, cell: ({ expires = 0 }) => <Validity expires={expires} /> },
    { id: 'expires', header: 'Expires', minWidth: 140, cell: ({ expires }) => <Time seconds={expires} /> },
    { id: 'deletes', header: 'Deleted by itself', minWidth: 140, cell: ({ deletes }) => <Time seconds={deletes} /> },
    {
      id: 'actions',
      header: 'Actions',
      minWidth: 150,
      cell: ({ id = '' }) => (
        <SpaceBetween direction="horizontal" size="s">
          <Button {...readOnly} variant="inline-link" ariaLabel={`Extend ${id}`} onClick={() => open('extend', id)}>
            Extend
          </Button>
          <Button {...readOnly} variant="inline-link" ariaLabel={`Delete ${id}`} onClick={() => open('delete', id)}>
            Delete
          </Button>
        </SpaceBetween>
      ),
    },
  ];
}

function Validity({ expires }: { readonly expires: number }) {
  const [nowMs] = useState(() => Date.now());
  return nowMs < expires * 1000 ? (
    <StatusIndicator type="success">Valid</StatusIndicator>
  ) : (
    <StatusIndicator type="stopped">Expired</StatusIndicator>
  );
}

/** The most that AppSync's operation gives at once. */
const itemsPerPage = 25;

export function ApiKeysPage() {
  const { isReadOnly } = useStack();
  const { query } = usePlace();
  const api = apiIn(query.get('api'));
  const pages = usePages('ListApiKeys', { apiId: api, maxResults: itemsPerPage });
  const [dialog, setDialog] = useState<{ readonly kind: 'extend' | 'delete'; readonly id: string }>();
  const create = `/create/api-key?api=${api}`;
  const close = (): void => setDialog(undefined);
  const closeAndReload = (): void => (close(), pages.reload());
  return (
    <>
      <ServerTable
        title="API keys"
        description="A program shows a key to call the stack. Only the id of a key is shown here: its secret part is stored nowhere."
        pages={pages}
        items={pages.output?.apiKeys}
        columns={columns(isReadOnly, (kind, id) => setDialog({ kind, id }))}
        trackBy={({ id = '' }) => id}
        isFiltered={false}
        actions={
          <Button variant="primary" href={create} disabled={isReadOnly} disabledReason="This console is read-only.">
            Create API key
          </Button>
        }
        filter={
          <SegmentedControl
            label="API"
            selectedId={api}
            options={Object.entries(apis).map(([id, { label }]) => ({ id, text: label }))}
            onChange={({ detail }) => setQuery('api', detail.selectedId)}
          />
        }
        empty={
          <FirstStep
            title={`There are no API keys of the API ${api}`}
            action={!isReadOnly && <Button href={create}>Create API key</Button>}
          >
            A deployed stack asks every program for a key, and so does a local stack with --auth. Create one and give it
            to the program.
          </FirstStep>
        }
      />
      {dialog?.kind === 'extend' && (
        <ExtendKeyDialog api={api} id={dialog.id} onDismiss={close} onDone={closeAndReload} />
      )}
      {dialog?.kind === 'delete' && (
        <DeleteKeyDialog api={api} id={dialog.id} onDismiss={close} onDone={closeAndReload} />
      )}
    </>
  );
}
