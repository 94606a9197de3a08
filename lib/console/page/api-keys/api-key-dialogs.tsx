import Box from '@cloudscape-design/components/box';
import { useState } from 'react';
import { useStack } from '../data/settings.tsx';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { useSay } from '../shell/notices.tsx';
import type { ApiName } from './api-key-draft.ts';
import { DaysField, requiredExpiry } from './days-field.tsx';

interface KeyDialogProps {
  readonly api: ApiName;
  /** The public id. */
  readonly id: string;
  readonly onDismiss: () => void;
  readonly onDone: () => void;
}

export function ExtendKeyDialog({ api, id, onDismiss, onDone }: KeyDialogProps) {
  const { call } = useStack();
  const say = useSay();
  const [days, setDays] = useState('7');
  return (
    <ConfirmDialog
      title={`Extend ${id}?`}
      confirmText="Extend"
      onDismiss={onDismiss}
      onConfirm={async () => {
        await call('UpdateApiKey', { apiId: api, id, expires: requiredExpiry(days) });
        say(`API key ${id} was extended.`);
        onDone();
      }}
    >
      <Box>The new end counts from now, not from the old end. An expired key works again.</Box>
      <DaysField days={days} onChange={setDays} />
    </ConfirmDialog>
  );
}

export function DeleteKeyDialog({ api, id, onDismiss, onDone }: KeyDialogProps) {
  const { call } = useStack();
  const say = useSay();
  return (
    <ConfirmDialog
      title={`Delete ${id}?`}
      confirmText="Delete"
      onDismiss={onDismiss}
      onConfirm={async () => {
        await call('DeleteApiKey', { apiId: api, id });
        say(`API key ${id} was deleted.`);
        onDone();
      }}
    >
      <Box>Programs that use this key are refused within a minute. This cannot be undone.</Box>
    </ConfirmDialog>
  );
}
