import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { OperationError } from '../data/call.ts';
import { operationErrorOf } from '../data/call.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Refusal } from '../parts/refusal.tsx';
import { State } from '../parts/state.tsx';
import { Time } from '../parts/time.tsx';

const pollEveryMs = 5000;

/** The health of an API destination, which changes by itself, and the button that pauses it. */
export function DestinationHealth({ name }: { readonly name: string }) {
  const { call, isReadOnly } = useStack();
  const { output: health, error, reload } = useAnswer('GetDestinationHealth', { Name: name }, () => pollEveryMs);
  const [failure, setFailure] = useState<OperationError>();
  const [isWorking, setIsWorking] = useState(false);
  const isPaused = health?.State === 'PAUSED';
  const change = (): void => {
    setIsWorking(true);
    setFailure(undefined);
    call(isPaused ? 'ResumeApiDestination' : 'PauseApiDestination', { Name: name })
      .then(reload, (thrown: unknown) => setFailure(operationErrorOf(thrown)))
      .finally(() => setIsWorking(false));
  };
  const { LastFailure: last, MeanAnswerMilliseconds: meanMs } = health ?? {};
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <Button
              loading={isWorking}
              disabled={isReadOnly || health === undefined}
              disabledReason={isReadOnly ? 'This console is read-only.' : undefined}
              onClick={change}
            >
              {isPaused ? 'Resume' : 'Pause'}
            </Button>
          }
        >
          Health
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Refusal error={failure ?? error} />
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'State', value: <State state={health?.State} /> },
            { label: 'Waiting events, estimated', value: health?.WaitingEvents ?? '-' },
            { label: 'Mean time of an answer', value: meanMs === undefined ? '-' : `${Math.round(meanMs)} ms` },
            {
              label: 'Last failure',
              value:
                last === undefined ? (
                  '-'
                ) : (
                  <>
                    {last.Code}, <Time seconds={last.At} />
                  </>
                ),
            },
            { label: 'Failures in a row', value: health?.FailuresInRow ?? '-' },
            { label: 'Next probe', value: <Time seconds={health?.NextProbeAt} /> },
          ]}
        />
      </SpaceBetween>
    </Container>
  );
}
