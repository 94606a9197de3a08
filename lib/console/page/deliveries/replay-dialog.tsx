import Box from '@cloudscape-design/components/box';
import Checkbox from '@cloudscape-design/components/checkbox';
import { useState } from 'react';
import type { DeliveryOutcome } from '../data/lastmile-operations.ts';
import type { OutputOf } from '../data/operations.ts';
import { useStack } from '../data/settings.tsx';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { useSay } from '../shell/notices.tsx';
import type { DeliveryKey } from './delivery-filter.ts';

interface ReplayDialogProps {
  readonly delivery: DeliveryKey;
  readonly outcome: DeliveryOutcome;
  /** Where the event is kept; absent when it is not. */
  readonly keptAt: string | undefined;
  readonly onDismiss: () => void;
  readonly onDone: () => void;
}

/** Delivers one event again. */
export function ReplayDialog({ delivery, outcome, keptAt, onDismiss, onDone }: ReplayDialogProps) {
  const { call } = useStack();
  const say = useSay();
  const [usesKept, setUsesKept] = useState(outcome === 'delivered');
  return (
    <ConfirmDialog
      title="Replay this delivery?"
      confirmText="Replay"
      onDismiss={onDismiss}
      onConfirm={async () => {
        const replay = await call('ReplayDelivery', {
          ...delivery,
          ...(usesKept && keptAt !== undefined && { KeptAt: keptAt }),
        });
        say(replayedText(delivery.EventId, replay));
        onDone();
      }}
    >
      <Box>
        The event goes to {delivery.ApiDestinationName} again, and counts as received now. It keeps its id and its
        Idempotency-Key, so an endpoint that remembers keys may ignore it.
      </Box>
      {outcome === 'dead-lettered' && keptAt !== undefined && (
        <Checkbox
          checked={usesKept}
          description="If somebody else is moving the dead letter now, the event may arrive twice."
          onChange={({ detail }) => setUsesKept(detail.checked)}
        >
          Use the kept event if the dead letter is gone
        </Checkbox>
      )}
    </ConfirmDialog>
  );
}

function replayedText(eventId: string, replay: OutputOf<'ReplayDelivery'>): string {
  const { ReplayedFrom, OtherDeadLetters: others = 0, DeadLetterRemains: remains = false } = replay;
  const from = ReplayedFrom === 'DEAD_LETTER' ? 'its dead letter' : 'its kept event';
  return [
    `Event ${eventId} was put into the delivery queue again, from ${from}.`,
    others > 0 && `This delivery has ${others} more dead ${others === 1 ? 'letter' : 'letters'}.`,
    remains && 'The dead letter could not be deleted: another replay or redrive would deliver the event once more.',
  ]
    .filter((text) => text !== false)
    .join(' ');
}
