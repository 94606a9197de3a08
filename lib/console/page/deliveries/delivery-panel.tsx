import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { OutputOf } from '../data/operations.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Center } from '../parts/center.tsx';
import { Copyable } from '../parts/copyable.tsx';
import { Refusal } from '../parts/refusal.tsx';
import { State } from '../parts/state.tsx';
import { Time } from '../parts/time.tsx';
import { setQueries } from '../shell/router.ts';
import { SidePanel } from '../shell/side-panel.tsx';
import { Attempts } from './attempts.tsx';
import type { DeliveryKey } from './delivery-filter.ts';
import { isUnderWay, openParameters, outcomes } from './delivery-filter.ts';
import { ReplayDialog } from './replay-dialog.tsx';

const pollEveryMs = 2000;

function close(): void {
  setQueries(openParameters(undefined));
}

/** One delivery with all its attempts, beside the list. It follows a delivery that is under way. */
export function DeliveryPanel({ delivery: key }: { readonly delivery: DeliveryKey }) {
  const { door } = useStack();
  /** When the delivery had ended before the person replayed it. */
  const [replayedAfter, setReplayedAfter] = useState<number>();
  const [isReplaying, setIsReplaying] = useState(false);
  const answer = useAnswer('GetDelivery', key, (output) =>
    door === 'local' && output !== undefined && (isUnderWay(output) || output.ConcludedAt === replayedAfter)
      ? pollEveryMs
      : undefined,
  );
  const { output: delivery, error, isLoading, reload } = answer;
  return (
    <SidePanel title="Delivery" onClose={close}>
      <SpaceBetween size="l">
        <Refusal error={error} onRetry={reload} />
        {delivery === undefined && isLoading && <Center isLoading />}
        {delivery !== undefined && (
          <>
            <Facts delivery={delivery} onReload={reload} onReplay={() => setIsReplaying(true)} />
            <Attempts records={delivery.Attempts} />
          </>
        )}
      </SpaceBetween>
      {isReplaying && delivery !== undefined && (
        <ReplayDialog
          delivery={key}
          outcome={delivery.Outcome}
          keptAt={delivery.KeptAt}
          onDismiss={() => setIsReplaying(false)}
          onDone={() => {
            setIsReplaying(false);
            setReplayedAfter(delivery.ConcludedAt);
            reload();
          }}
        />
      )}
    </SidePanel>
  );
}

interface FactsProps {
  readonly delivery: OutputOf<'GetDelivery'>;
  readonly onReload: () => void;
  readonly onReplay: () => void;
}

function Facts({ delivery, onReload, onReplay }: FactsProps) {
  const { isReadOnly } = useStack();
  const { EventId = '', ApiDestinationName = '', Rule, TargetId, Source, DetailType, TraceId, Outcome } = delivery;
  const isGoingOn = isUnderWay(delivery);
  const whyNot = isReadOnly
    ? 'This console is read-only.'
    : 'The stack attempts this delivery again by itself. It can be replayed when it has ended.';
  return (
    <SpaceBetween size="m">
      <Header
        variant="h3"
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="refresh" ariaLabel="Reload the delivery" onClick={onReload} />
            <Button disabled={isReadOnly || isGoingOn} disabledReason={whyNot} onClick={onReplay}>
              Replay
            </Button>
          </SpaceBetween>
        }
      >
        <State state={Outcome} />
      </Header>
      <Box color="text-body-secondary">{outcomes[Outcome]}</Box>
      {Outcome === 'dead-lettered' && (
        <Link href={`/dead-letters?event=${encodeURIComponent(EventId)}&destination=${ApiDestinationName}`}>
          Show its dead letter
        </Link>
      )}
      <KeyValuePairs
        columns={2}
        items={[
          { label: 'Event', value: <Copyable text={EventId} what="the event id" /> },
          {
            label: 'API destination',
            value: <Link href={`/api-destinations/${ApiDestinationName}`}>{ApiDestinationName}</Link>,
          },
          { label: 'Began', value: <Time seconds={delivery.BeganAt} /> },
          { label: 'Last invocation ended', value: <Time seconds={delivery.ConcludedAt} /> },
          ...known('Detail type', DetailType),
          ...known('Source', Source),
          ...known('Rule', Rule),
          ...known('Target', TargetId),
          ...known('Trace', TraceId),
          ...known('Event kept at', delivery.KeptAt),
        ]}
      />
    </SpaceBetween>
  );
}

function known(label: string, value: string | undefined): readonly { label: string; value: string }[] {
  return value === undefined ? [] : [{ label, value }];
}
