import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { DeadLetter } from '../data/lastmile-operations.ts';
import { useStack } from '../data/settings.tsx';
import { Copyable } from '../parts/copyable.tsx';
import { Time } from '../parts/time.tsx';
import { setQuery } from '../shell/router.ts';
import { SidePanel } from '../shell/side-panel.tsx';
import { canRedriveAlone } from './redrive.ts';
import { reasonOf, remedyFor } from './remedies.ts';

function close(): void {
  setQuery('message', undefined);
}

interface DeadLetterPanelProps {
  /** undefined when it is not on the current page of the list. */
  readonly deadLetter: DeadLetter | undefined;
  readonly onRedrive: () => void;
}

/** Why an event became a dead letter, and what can be done. */
export function DeadLetterPanel({ deadLetter, onRedrive }: DeadLetterPanelProps) {
  return (
    <SidePanel title="Dead letter" onClose={close}>
      {deadLetter === undefined ? (
        <Box>This dead letter is not on this page of the list. Somebody may have moved it.</Box>
      ) : (
        <Details deadLetter={deadLetter} onRedrive={onRedrive} />
      )}
    </SidePanel>
  );
}

interface DetailsProps {
  readonly deadLetter: DeadLetter;
  readonly onRedrive: () => void;
}

function Details({ deadLetter, onRedrive }: DetailsProps) {
  const { isReadOnly } = useStack();
  const { EventId, ApiDestinationName: name, UnreadableReason, Code, ErrorCode } = deadLetter;
  const facts: readonly (readonly [string, string | number | undefined])[] = [
    ["EventBridge's code", ErrorCode],
    ['HTTP status', deadLetter.Status],
    ['Attempts', deadLetter.AttemptsMade],
    ['Detail type', deadLetter.DetailType],
    ['Source', deadLetter.Source],
    ['Rule', deadLetter.Rule],
    ['Target', deadLetter.TargetId],
    ['Size', `${deadLetter.SizeBytes} bytes`],
    ['Message', deadLetter.MessageId],
  ];
  return (
    <SpaceBetween size="l">
      <Header
        variant="h3"
        actions={
          <Button
            disabled={isReadOnly || !canRedriveAlone(deadLetter)}
            disabledReason={
              isReadOnly ? 'This console is read-only.' : 'It cannot be delivered again: see the reason below.'
            }
            onClick={onRedrive}
          >
            Redrive
          </Button>
        }
      >
        {Code ?? ErrorCode ?? 'Unknown failure'}
      </Header>
      {UnreadableReason !== undefined && (
        <Alert type="warning" header="It cannot be delivered again">
          {UnreadableReason}
        </Alert>
      )}
      <div>
        <Box variant="awsui-key-label">What happened</Box>
        <Box>{reasonOf(deadLetter)}</Box>
      </div>
      <div>
        <Box variant="awsui-key-label">What you can do</Box>
        <Box>{remedyFor(Code)}</Box>
      </div>
      {EventId !== undefined && (
        <Link href={`/deliveries?event=${encodeURIComponent(EventId)}`}>Show its deliveries and their answers</Link>
      )}
      <KeyValuePairs
        columns={2}
        items={[
          { label: 'Event', value: EventId === undefined ? '-' : <Copyable text={EventId} what="the event id" /> },
          {
            label: 'API destination',
            value: name === undefined ? '-' : <Link href={`/api-destinations/${name}`}>{name}</Link>,
          },
          { label: 'Dead-lettered', value: <Time seconds={deadLetter.DeadLetteredAt} /> },
          ...facts.flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }])),
        ]}
      />
    </SpaceBetween>
  );
}
