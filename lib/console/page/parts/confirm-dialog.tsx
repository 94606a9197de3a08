import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { OperationError } from '../data/call.ts';
import { operationErrorOf } from '../data/call.ts';
import { FieldErrors } from './field.tsx';
import { Refusal } from './refusal.tsx';

interface ConfirmDialogProps {
  readonly title: string;
  readonly confirmText: string;
  /** When it rejects with an OperationError, the dialog stays and shows it. */
  readonly onConfirm: () => Promise<void>;
  readonly onDismiss: () => void;
  readonly children: ReactNode;
}

/** Asks before something is done that cannot be undone. */
export function ConfirmDialog({ title, confirmText, onConfirm, onDismiss, children }: ConfirmDialogProps) {
  const [isWorking, setIsWorking] = useState(false);
  const [error, setError] = useState<OperationError>();
  const confirm = async (): Promise<void> => {
    setIsWorking(true);
    setError(undefined);
    try {
      await onConfirm();
    } catch (thrown) {
      setError(operationErrorOf(thrown));
      setIsWorking(false);
    }
  };
  return (
    <Modal
      visible
      header={title}
      onDismiss={onDismiss}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDismiss}>
              Cancel
            </Button>
            <Button variant="primary" loading={isWorking} onClick={() => void confirm()}>
              {confirmText}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <FieldErrors error={error}>
          <SpaceBetween size="m">{children}</SpaceBetween>
        </FieldErrors>
        <Refusal error={error} />
      </SpaceBetween>
    </Modal>
  );
}
