import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Center } from '../parts/center.tsx';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { Refusal } from '../parts/refusal.tsx';
import { useSay } from '../shell/notices.tsx';
import type { PageProps } from '../parts/page-props.ts';
import { navigate } from '../shell/router.ts';
import { DestinationDetails } from './destination-details.tsx';
import { DestinationHealth } from './destination-health.tsx';
import { PolicySummary } from './policy-summary.tsx';
import { TestEvent } from './test-event.tsx';

export function DestinationPage({ params: { name = '' } }: PageProps) {
  const { isReadOnly } = useStack();
  const { output: destination, error, reload } = useAnswer('DescribeApiDestination', { Name: name });
  const [isDeleting, setIsDeleting] = useState(false);
  if (destination === undefined) return error ? <Refusal error={error} onRetry={reload} /> : <Center isLoading />;
  const readOnly = { disabled: isReadOnly, disabledReason: 'This console is read-only.' };
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="refresh" ariaLabel="Reload the API destination" onClick={reload} />
            <Button href={`/deliveries?destination=${name}`}>Deliveries</Button>
            <Button href={`/dead-letters?destination=${name}`}>Dead letters</Button>
            <Button {...readOnly} href={`/api-destinations/${name}/edit`}>
              Edit
            </Button>
            <Button {...readOnly} onClick={() => setIsDeleting(true)}>
              Delete
            </Button>
          </SpaceBetween>
        }
      >
        {name}
      </Header>
      <Refusal error={error} onRetry={reload} />
      <DestinationDetails destination={destination} />
      <DestinationHealth name={name} />
      <PolicySummary name={name} />
      <TestEvent destination={destination} />
      {isDeleting && <DeleteDialog name={name} onDismiss={() => setIsDeleting(false)} />}
    </SpaceBetween>
  );
}

interface DeleteDialogProps {
  readonly name: string;
  readonly onDismiss: () => void;
}

function DeleteDialog({ name, onDismiss }: DeleteDialogProps) {
  const { call } = useStack();
  const say = useSay();
  return (
    <ConfirmDialog
      title={`Delete ${name}?`}
      confirmText="Delete"
      onDismiss={onDismiss}
      onConfirm={async () => {
        await call('DeleteApiDestination', { Name: name });
        say(`API destination ${name} was deleted.`);
        navigate('/api-destinations');
      }}
    >
      <Box>
        Its delivery policy is deleted too. Events that rules still send to it become dead letters, also those that wait
        now. Its connection stays.
      </Box>
    </ConfirmDialog>
  );
}
