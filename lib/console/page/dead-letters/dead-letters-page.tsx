import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { TableProps } from '@cloudscape-design/components/table';
import { useState } from 'react';
import type { DeadLetter } from '../data/lastmile-operations.ts';
import { useStack } from '../data/settings.tsx';
import { usePages } from '../data/use-pages.ts';
import { FirstStep } from '../parts/first-step.tsx';
import { ServerTable } from '../parts/server-table.tsx';
import { Time } from '../parts/time.tsx';
import { useTimeRange } from '../parts/time-range-field.tsx';
import { TwoLines } from '../parts/two-lines.tsx';
import { usePlace, withQuery } from '../shell/router.ts';
import { DeadLetterFilters } from './dead-letter-filters.tsx';
import { DeadLetterPanel } from './dead-letter-panel.tsx';
import { canRedriveAlone, pauseFor, redriveEach } from './redrive.ts';
import { RedriveAllDialog, RedriveDialog } from './redrive-dialog.tsx';
import { reasonOf } from './remedies.ts';

const columns: readonly TableProps.ColumnDefinition<DeadLetter>[] = [
  {
    id: 'since',
    header: 'Dead-lettered',
    minWidth: 130,
    cell: ({ DeadLetteredAt }) => <Time seconds={DeadLetteredAt} />,
  },
  {
    id: 'event',
    header: 'Event',
    isRowHeader: true,
    minWidth: 190,
    cell: ({ EventId = 'No event id', DetailType, MessageId }) => (
      <TwoLines first={DetailType} second={<Link href={withQuery({ message: MessageId })}>{EventId}</Link>} />
    ),
  },
  {
    id: 'destination',
    header: 'API destination',
    minWidth: 130,
    cell: ({ ApiDestinationName: name }) =>
      name === undefined ? '-' : <Link href={`/api-destinations/${name}`}>{name}</Link>,
  },
  {
    id: 'failure',
    header: 'Failure',
    minWidth: 210,
    cell: (deadLetter) => (
      <TwoLines
        first={deadLetter.Code ?? deadLetter.ErrorCode}
        second={deadLetter.UnreadableReason ?? reasonOf(deadLetter)}
      />
    ),
  },
  { id: 'attempts', header: 'Attempts', minWidth: 95, cell: ({ AttemptsMade }) => AttemptsMade ?? '-' },
];

const itemsPerPage = 50;

type Dialog = { readonly kind: 'all' } | { readonly kind: 'some'; readonly items: readonly DeadLetter[] };

export function DeadLettersPage() {
  const { query } = usePlace();
  const [selected, setSelected] = useState<readonly DeadLetter[]>([]);
  const [dialog, setDialog] = useState<Dialog>();
  const [destination, event, code] = ['destination', 'event', 'code'].map((name) => query.get(name) ?? '');
  const filter = {
    ...(destination && { ApiDestinationName: destination }),
    ...(code && { ErrorCode: code }),
    ...useTimeRange(),
  };
  const pages = usePages('ListDeadLetters', { ...filter, ...(event && { EventId: event }), Limit: itemsPerPage });
  const isFiltered = Object.keys(filter).length > 0 || event !== '';
  const message = query.get('message');
  const opened = pages.output?.DeadLetters.find(({ MessageId }) => MessageId === message);
  const closeDialog = (hasRun: boolean): void => {
    setDialog(undefined);
    if (!hasRun) return;
    setSelected([]);
    pages.reload();
  };
  return (
    <>
      <ServerTable
        title="Dead letters"
        description="Events that could not be delivered. They wait here until you redrive them."
        pages={pages}
        items={pages.output?.DeadLetters}
        columns={columns}
        trackBy={({ MessageId }) => MessageId}
        isFiltered={isFiltered}
        selection={{
          items: selected,
          onChange: setSelected,
          isDisabled: (deadLetter) => !canRedriveAlone(deadLetter),
          labelOf: ({ EventId, MessageId }) => `event ${EventId ?? `of message ${MessageId}`}`,
        }}
        actions={
          <RedriveButtons
            selectedCount={selected.length}
            isFiltered={isFiltered}
            isLoading={pages.isLoading}
            isOfOneEvent={event !== ''}
            onRedriveSelected={() => setDialog({ kind: 'some', items: selected })}
            onRedriveAll={() => setDialog({ kind: 'all' })}
          />
        }
        filter={<DeadLetterFilters error={pages.error} isWhole={pages.output?.Complete !== false} />}
        empty={
          <FirstStep title="There are no dead letters">
            Every event was delivered, or is still under way. See the <Link href="/deliveries">deliveries</Link>.
          </FirstStep>
        }
      />
      {message !== null && pages.output !== undefined && (
        <DeadLetterPanel deadLetter={opened} onRedrive={() => opened && setDialog({ kind: 'some', items: [opened] })} />
      )}
      {dialog?.kind === 'all' && <RedriveAllDialog filter={filter} onClose={closeDialog} />}
      {dialog?.kind === 'some' && (
        <RedriveDialog
          count={dialog.items.length}
          redrive={redriveEach(dialog.items, pauseFor)}
          onClose={closeDialog}
        />
      )}
    </>
  );
}

interface RedriveButtonsProps {
  readonly selectedCount: number;
  readonly isFiltered: boolean;
  /** A redrive would miss the dead letters that the list is reading now. */
  readonly isLoading: boolean;
  readonly isOfOneEvent: boolean;
  readonly onRedriveSelected: () => void;
  readonly onRedriveAll: () => void;
}

function RedriveButtons(props: RedriveButtonsProps) {
  const { selectedCount, isFiltered, isLoading, isOfOneEvent, onRedriveSelected, onRedriveAll } = props;
  const { isReadOnly } = useStack();
  const readOnly = 'This console is read-only.';
  const ofEvent = 'A redrive has no filter for events. Select dead letters instead.';
  const whyNotAll = isReadOnly ? readOnly : isOfOneEvent ? ofEvent : 'The list is still loading.';
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Button
        disabled={isReadOnly || selectedCount === 0}
        disabledReason={isReadOnly ? readOnly : 'Select dead letters in the list first.'}
        onClick={onRedriveSelected}
      >
        Redrive selected
      </Button>
      <Button
        variant="primary"
        disabled={isReadOnly || isOfOneEvent || isLoading}
        disabledReason={whyNotAll}
        onClick={onRedriveAll}
      >
        {isFiltered ? 'Redrive all that match' : 'Redrive all'}
      </Button>
    </SpaceBetween>
  );
}
