import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { useCallback } from 'react';
import type { ApiDestination } from '../data/eventbridge-operations.ts';
import type { DestinationHealth } from '../data/lastmile-operations.ts';
import { usePages } from '../data/use-pages.ts';
import { DestinationTabs } from '../parts/destination-tabs.tsx';
import { FirstStep } from '../parts/first-step.tsx';
import { PrefixFilter } from '../parts/prefix-filter.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { State } from '../parts/state.tsx';
import { setQuery, usePlace } from '../shell/router.ts';
import { nameInArn } from './destination-draft.ts';

type Row = ApiDestination & { readonly health: DestinationHealth | undefined };

const columns: readonly TableProps.ColumnDefinition<Row>[] = [
  {
    id: 'name',
    header: 'Name',
    isRowHeader: true,
    cell: ({ Name }) => <Link href={`/api-destinations/${Name}`}>{Name}</Link>,
  },
  {
    id: 'endpoint',
    header: 'Endpoint',
    cell: ({ HttpMethod, InvocationEndpoint }) => `${HttpMethod} ${InvocationEndpoint}`,
  },
  {
    id: 'connection',
    header: 'Connection',
    cell: ({ ConnectionArn }) => (
      <Link href={`/connections/${nameInArn(ConnectionArn)}`}>{nameInArn(ConnectionArn)}</Link>
    ),
  },
  { id: 'rate', header: 'Rate limit', minWidth: 90, cell: ({ InvocationRateLimitPerSecond: rate }) => rate },
  {
    id: 'state',
    header: 'State',
    minWidth: 120,
    cell: ({ ApiDestinationState }) => <State state={ApiDestinationState} />,
  },
  { id: 'health', header: 'Health', minWidth: 140, cell: ({ health }) => <State state={health?.State} /> },
  { id: 'waiting', header: 'Waiting events', cell: ({ health }) => health?.WaitingEvents ?? '-' },
];

const itemsPerPage = 50;

export function DestinationsPage() {
  const { query } = usePlace();
  const prefix = query.get('name') ?? '';
  const input = { Limit: itemsPerPage, ...(prefix !== '' && { NamePrefix: prefix }) };
  const pages = usePages('ListApiDestinations', input);
  // It has the same pages, because both lists are in the order of the names.
  const health = usePages('ListDestinationHealth', input);
  const healthByName = new Map(health.output?.ApiDestinations.map((each) => [each.Name, each]));
  const both = {
    ...pages,
    goTo: (pageIndex: number) => (pages.goTo(pageIndex), health.goTo(pageIndex)),
    reload: () => (pages.reload(), health.reload()),
  };
  return (
    <DestinationTabs active="api-destinations">
      <ServerTable
        title="API destinations"
        description="An API destination is the URL to which events are sent, and the connection that authorizes the requests."
        pages={both}
        items={pages.output?.ApiDestinations?.map((each) => ({ ...each, health: healthByName.get(each.Name ?? '') }))}
        columns={columns}
        trackBy={({ ApiDestinationArn = '' }) => ApiDestinationArn}
        isFiltered={prefix !== ''}
        actions={
          <Button variant="primary" href="/create/api-destination">
            Create API destination
          </Button>
        }
        filter={
          <PrefixFilter
            value={prefix}
            label="Beginning of the name"
            onChange={useCallback((value: string) => setQuery('name', value), [])}
          />
        }
        empty={
          <FirstStep
            title="There are no API destinations here"
            action={<Button href="/create/api-destination">Create API destination</Button>}
          >
            The form also makes the connection, if there is none yet.
          </FirstStep>
        }
      />
    </DestinationTabs>
  );
}
