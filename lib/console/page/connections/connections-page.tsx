import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { TableProps } from '@cloudscape-design/components/table';
import { useCallback } from 'react';
import type { Connection } from '../data/eventbridge-operations.ts';
import type { InputOf } from '../data/operations.ts';
import { usePages } from '../data/use-pages.ts';
import { DestinationTabs } from '../parts/destination-tabs.tsx';
import { FirstStep } from '../parts/first-step.tsx';
import { PrefixFilter } from '../parts/prefix-filter.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { State } from '../parts/state.tsx';
import { Time } from '../parts/time.tsx';
import { setQuery, usePlace } from '../shell/router.ts';
import { authorizationTypes } from './connection-draft.ts';

const columns: readonly TableProps.ColumnDefinition<Connection>[] = [
  {
    id: 'name',
    header: 'Name',
    isRowHeader: true,
    cell: ({ Name }) => <Link href={`/connections/${Name}`}>{Name}</Link>,
  },
  {
    id: 'type',
    header: 'Authorization type',
    cell: ({ AuthorizationType: type }) => type && authorizationTypes[type],
  },
  { id: 'state', header: 'State', minWidth: 150, cell: ({ ConnectionState }) => <State state={ConnectionState} /> },
  { id: 'created', header: 'Created', cell: ({ CreationTime }) => <Time seconds={CreationTime} /> },
];

const anyState = { value: '', label: 'Any state' };
const states = [
  anyState,
  ...['AUTHORIZED', 'AUTHORIZING', 'DEAUTHORIZED', 'DEAUTHORIZING'].map((value) => ({
    value,
    label: value.charAt(0) + value.slice(1).toLowerCase(),
  })),
];

type StateFilter = InputOf<'ListConnections'>['ConnectionState'];

const itemsPerPage = 50;

export function ConnectionsPage() {
  const { query } = usePlace();
  const [prefix, state] = [query.get('name') ?? '', query.get('state') ?? ''];
  const pages = usePages('ListConnections', {
    Limit: itemsPerPage,
    ...(prefix !== '' && { NamePrefix: prefix }),
    ...(state !== '' && { ConnectionState: state as StateFilter }),
  });
  const create = <Button href="/create/connection">Create connection</Button>;
  return (
    <DestinationTabs active="connections">
      <ServerTable
        title="Connections"
        description="A connection holds the credentials for one or more API destinations."
        pages={pages}
        items={pages.output?.Connections}
        columns={columns}
        trackBy={({ ConnectionArn = '' }) => ConnectionArn}
        isFiltered={prefix !== '' || state !== ''}
        actions={
          <Button variant="primary" href="/create/connection">
            Create connection
          </Button>
        }
        filter={
          <SpaceBetween direction="horizontal" size="xs">
            <PrefixFilter
              value={prefix}
              label="Beginning of the name"
              onChange={useCallback((value: string) => setQuery('name', value), [])}
            />
            <Select
              ariaLabel="State"
              selectedOption={states.find(({ value }) => value === state) ?? anyState}
              options={states}
              onChange={({ detail }) => setQuery('state', detail.selectedOption.value)}
            />
          </SpaceBetween>
        }
        empty={
          <FirstStep title="There are no connections here" action={create}>
            A connection comes first: it holds the username, the API key or the OAuth client with which an endpoint is
            called.
          </FirstStep>
        }
      />
    </DestinationTabs>
  );
}
