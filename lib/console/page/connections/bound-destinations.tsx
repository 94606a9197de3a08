import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import type { ApiDestination } from '../data/eventbridge-operations.ts';
import { usePages } from '../data/use-pages.ts';
import { FirstStep } from '../parts/first-step.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { State } from '../parts/state.tsx';

const columns: readonly TableProps.ColumnDefinition<ApiDestination>[] = [
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
    id: 'state',
    header: 'State',
    minWidth: 120,
    cell: ({ ApiDestinationState }) => <State state={ApiDestinationState} />,
  },
];

const itemsPerPage = 10;

/** The API destinations that use a connection. */
export function BoundDestinations({ connectionArn = '' }: { readonly connectionArn: string | undefined }) {
  const pages = usePages('ListApiDestinations', { ConnectionArn: connectionArn, Limit: itemsPerPage });
  const create = (
    <Button href={`/create/api-destination?connection=${encodeURIComponent(connectionArn)}`}>
      Create API destination
    </Button>
  );
  return (
    <ServerTable
      variant="container"
      title="API destinations of this connection"
      pages={pages}
      items={pages.output?.ApiDestinations}
      columns={columns}
      trackBy={({ ApiDestinationArn = '' }) => ApiDestinationArn}
      isFiltered={false}
      actions={create}
      empty={
        <FirstStep title="No API destination uses this connection" action={create}>
          An API destination is the URL to which events are sent.
        </FirstStep>
      }
    />
  );
}
