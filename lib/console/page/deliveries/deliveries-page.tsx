import Box from '@cloudscape-design/components/box';
import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import Toggle from '@cloudscape-design/components/toggle';
import { useEffect, useState } from 'react';
import type { Delivery } from '../data/lastmile-operations.ts';
import { useStack } from '../data/settings.tsx';
import { usePages } from '../data/use-pages.ts';
import { FirstStep } from '../parts/first-step.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { State } from '../parts/state.tsx';
import { Time } from '../parts/time.tsx';
import { useTimeRange } from '../parts/time-range-field.tsx';
import { TwoLines } from '../parts/two-lines.tsx';
import { usePlace, withQuery } from '../shell/router.ts';
import { filterIn, keyOf, openedIn, openParameters } from './delivery-filter.ts';
import { DeliveryFilters } from './delivery-filters.tsx';
import { DeliveryPanel } from './delivery-panel.tsx';

const columns: readonly TableProps.ColumnDefinition<Delivery>[] = [
  { id: 'began', header: 'Began', minWidth: 120, cell: ({ BeganAt }) => <Time seconds={BeganAt} /> },
  { id: 'outcome', header: 'Outcome', minWidth: 165, cell: ({ Outcome }) => <State state={Outcome} /> },
  {
    id: 'event',
    header: 'Event',
    isRowHeader: true,
    minWidth: 160,
    cell: (delivery) => <EventOf delivery={delivery} />,
  },
  {
    id: 'destination',
    header: 'API destination',
    minWidth: 110,
    cell: ({ ApiDestinationName: name, EventBusName }) =>
      name === undefined ? `Event bus ${EventBusName ?? ''}` : <Link href={`/api-destinations/${name}`}>{name}</Link>,
  },
  { id: 'attempts', header: 'Attempts', minWidth: 90, cell: ({ AttemptsMade }) => AttemptsMade },
  { id: 'status', header: 'Status', minWidth: 80, cell: ({ Status }) => Status ?? '-' },
  {
    id: 'failure',
    header: 'Failure',
    minWidth: 180,
    cell: ({ Code, Reason }) =>
      Code === undefined && Reason === undefined ? '-' : <TwoLines first={Code} second={Reason} />,
  },
];

function EventOf({ delivery }: { readonly delivery: Delivery }) {
  const { EventId = 'No event id', DetailType } = delivery;
  const key = keyOf(delivery);
  const id = key === undefined ? EventId : <Link href={withQuery(openParameters(key))}>{EventId}</Link>;
  return <TwoLines first={DetailType} second={id} />;
}

const itemsPerPage = 50;
const pollEveryMs = 2000;

/** The history of deliveries. While it is live, it asks for the current page again and again. */
export function DeliveriesPage() {
  const { door } = useStack();
  const { query } = usePlace();
  // CloudWatch Logs, where a deployed stack has its history, charges for each search.
  const [isLive, setIsLive] = useState(door === 'local');
  const filter = filterIn(query, useTimeRange());
  const isFiltered = Object.keys(filter).length > 0;
  const pages = usePages('ListDeliveries', { ...filter, Limit: itemsPerPage }, (output) =>
    isLive && output !== undefined ? pollEveryMs : undefined,
  );
  const { output, isLoading, hasNext, goTo, pageIndex } = pages;
  // With a text, each page searches a part of the history. A page without a match is followed by others.
  const isEmptyPart = !isLoading && hasNext && output?.Deliveries.length === 0;
  useEffect(() => {
    if (isEmptyPart) goTo(pageIndex + 1);
  });
  const opened = openedIn(query);
  return (
    <>
      <ServerTable
        title="Deliveries"
        description="A delivery is one event on its way to one API destination."
        pages={pages}
        items={output?.Deliveries}
        columns={columns}
        trackBy={({ EventId, ApiDestinationName, Rule, TargetId, BeganAt }) =>
          [EventId, ApiDestinationName, Rule, TargetId, BeganAt].join(' ')
        }
        isFiltered={isFiltered}
        actions={
          <Box padding={{ top: 'xxs' }}>
            <Toggle checked={isLive} onChange={({ detail }) => setIsLive(detail.checked)}>
              Live
            </Toggle>
          </Box>
        }
        filter={<DeliveryFilters error={pages.error} isFiltered={isFiltered} />}
        empty={
          <FirstStep title="There are no deliveries yet">
            Send a test event on the page of an <Link href="/api-destinations">API destination</Link>, or an event that
            a rule sends to one.
          </FirstStep>
        }
      />
      {opened !== undefined && <DeliveryPanel key={JSON.stringify(opened)} delivery={opened} />}
    </>
  );
}
