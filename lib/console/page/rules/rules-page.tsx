import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { TableProps } from '@cloudscape-design/components/table';
import { useCallback } from 'react';
import type { Rule } from '../data/eventbridge-operations.ts';
import { useStack } from '../data/settings.tsx';
import { usePages } from '../data/use-pages.ts';
import { FirstStep } from '../parts/first-step.tsx';
import { PrefixFilter } from '../parts/prefix-filter.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { State } from '../parts/state.tsx';
import { setQuery, usePlace } from '../shell/router.ts';
import { BusSelect } from './bus-select.tsx';
import { ruleHref } from './rule-href.ts';

const columns: readonly TableProps.ColumnDefinition<Rule>[] = [
  {
    id: 'name',
    header: 'Name',
    isRowHeader: true,
    cell: ({ Name, EventBusName }) => <Link href={ruleHref(EventBusName, Name)}>{Name}</Link>,
  },
  { id: 'state', header: 'State', minWidth: 120, cell: ({ State: state }) => <State state={state} /> },
  {
    id: 'when',
    header: 'Event pattern or schedule',
    minWidth: 200,
    cell: ({ EventPattern, ScheduleExpression }) => <Box variant="code">{EventPattern ?? ScheduleExpression}</Box>,
  },
  { id: 'description', header: 'Description', cell: ({ Description }) => Description ?? '-' },
];

const itemsPerPage = 50;

export function RulesPage() {
  const { query } = usePlace();
  const { door } = useStack();
  const [prefix, bus] = [query.get('name') ?? '', query.get('bus') ?? 'default'];
  const pages = usePages('ListRules', {
    EventBusName: bus,
    Limit: itemsPerPage,
    ...(prefix !== '' && { NamePrefix: prefix }),
  });
  return (
    <ServerTable
      title="Rules"
      description={`A rule sends the events that match its pattern to its targets.${
        door === 'stage' ? ' The console only shows the rules of a deployed stack.' : ''
      }`}
      pages={pages}
      items={pages.output?.Rules}
      columns={columns}
      trackBy={({ Arn = '' }) => Arn}
      isFiltered={prefix !== ''}
      actions={
        door === 'local' && (
          <Button variant="primary" href="/create/rule">
            Create rule
          </Button>
        )
      }
      filter={
        <SpaceBetween direction="horizontal" size="xs">
          <PrefixFilter
            value={prefix}
            label="Beginning of the name"
            onChange={useCallback((value: string) => setQuery('name', value), [])}
          />
          <BusSelect bus={bus} onBus={(name) => setQuery('bus', name)} />
        </SpaceBetween>
      }
      empty={
        <FirstStep
          title="There are no rules on this event bus"
          action={door === 'local' && <Button href="/create/rule">Create rule</Button>}
        >
          {door === 'local'
            ? 'A rule chooses events by a pattern, and sends them to an API destination. The wizard makes the API destination too, if there is none yet.'
            : 'Declare a rule in a template. The guide has an example.'}
        </FirstStep>
      }
    />
  );
}
