import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { OperationError } from '../data/call.ts';
import { operationErrorOf } from '../data/call.ts';
import type { OutputOf } from '../data/operations.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Refusal } from '../parts/refusal.tsx';
import { State } from '../parts/state.tsx';
import { Time } from '../parts/time.tsx';

const pollEveryMs = 5000;

/** How long a pause may last, in seconds; undefined lasts until somebody resumes. */
const pauses: readonly { readonly text: string; readonly seconds?: number }[] = [
  { text: 'Until somebody resumes it' },
  { text: 'For 15 minutes', seconds: 900 },
  { text: 'For 1 hour', seconds: 3600 },
  { text: 'For 1 day', seconds: 86_400 },
];

/** The health of an API destination, which changes by itself, and the buttons that pause and resume it. */
export function DestinationHealth({ name }: { readonly name: string }) {
  const { call, isReadOnly } = useStack();
  const { output: health, error, reload } = useAnswer('GetDestinationHealth', { Name: name }, () => pollEveryMs);
  const [failure, setFailure] = useState<OperationError>();
  const [isWorking, setIsWorking] = useState(false);
  const show = (changing: Promise<unknown>): void => {
    setIsWorking(true);
    setFailure(undefined);
    changing.then(reload, (thrown: unknown) => setFailure(operationErrorOf(thrown))).finally(() => setIsWorking(false));
  };
  const pause = (seconds: number | undefined): void =>
    show(
      call('PauseApiDestination', {
        Name: name,
        ...(seconds !== undefined && { Until: Math.ceil(Date.now() / 1000) + seconds }),
      }),
    );
  const state = {
    loading: isWorking,
    disabled: isReadOnly || health === undefined,
    disabledReason: isReadOnly ? 'This console is read-only.' : undefined,
  };
  const action =
    health?.State === 'PAUSED' ? (
      <Button {...state} onClick={() => show(call('ResumeApiDestination', { Name: name }))}>
        Resume
      </Button>
    ) : (
      <ButtonDropdown
        {...state}
        items={pauses.map(({ text }, index) => ({ id: String(index), text }))}
        onItemClick={({ detail }) => pause(pauses[Number(detail.id)]?.seconds)}
      >
        Pause
      </ButtonDropdown>
    );
  return (
    <Container
      header={
        <Header variant="h2" actions={action}>
          Health
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Refusal error={failure ?? error} />
        {health !== undefined && <HealthDetails health={health} />}
      </SpaceBetween>
    </Container>
  );
}

function HealthDetails({ health }: { readonly health: OutputOf<'GetDestinationHealth'> }) {
  const { State: state, LastFailure: last, MeanAnswerMilliseconds: meanMs, PausedUntil, NextProbeAt } = health;
  const failure =
    last === undefined ? (
      '-'
    ) : (
      <>
        {last.Code}, <Time seconds={last.At} />
      </>
    );
  return (
    <KeyValuePairs
      columns={3}
      items={[
        { label: 'State', value: <State state={state} /> },
        { label: 'Waiting events, estimated', value: health.WaitingEvents ?? '-' },
        { label: 'Mean time of an answer', value: meanMs === undefined ? '-' : `${Math.round(meanMs)} ms` },
        { label: 'Last failure', value: failure },
        { label: 'Failures in a row', value: health.FailuresInRow },
        state === 'PAUSED'
          ? {
              label: 'Paused until',
              value: PausedUntil === undefined ? 'Somebody resumes it' : <Time seconds={PausedUntil} />,
            }
          : { label: 'Next probe', value: <Time seconds={NextProbeAt} /> },
      ]}
    />
  );
}
