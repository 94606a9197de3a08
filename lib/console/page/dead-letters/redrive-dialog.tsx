import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useRef, useState } from 'react';
import type { OperationError } from '../data/call.ts';
import { operationErrorOf } from '../data/call.ts';
import type { RedriveFilter } from '../data/own-operations.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Refusal } from '../parts/refusal.tsx';
import type { Redrive, RedriveProgress } from './redrive.ts';
import { rateIn, redriveAll } from './redrive.ts';

interface RedriveDialogProps {
  /** undefined while they are counted. */
  readonly count: number | undefined;
  /** Why they could not be counted. */
  readonly error?: OperationError | undefined;
  readonly onCountAgain?: () => void;
  readonly redrive: Redrive;
  /** @param hasRun whether dead letters may have been moved */
  readonly onClose: (hasRun: boolean) => void;
}

type Phase = 'asks' | 'runs' | 'has-ended';

/** Asks for a rate, shows the progress of a redrive, and says at its end what was not moved. Closing it stops the redrive. */
export function RedriveDialog({ count, error: countError, onCountAgain, redrive, onClose }: RedriveDialogProps) {
  const { call } = useStack();
  const [phase, setPhase] = useState<Phase>('asks');
  const [rate, setRate] = useState('');
  const [problem, setProblem] = useState<string>();
  const [error, setError] = useState<OperationError>();
  const [progress, setProgress] = useState<RedriveProgress>({ moved: 0, notMoved: [] });
  const stopping = useRef(new AbortController());

  const start = async (): Promise<void> => {
    const ratePerSecond = rateIn(rate);
    if (ratePerSecond === 'wrong') return setProblem('The rate must be a number from 0.1 to 10000.');
    setProblem(undefined);
    setPhase('runs');
    const { signal } = stopping.current;
    await redrive({ call, ratePerSecond, signal, report: setProgress }).catch((thrown: unknown) =>
      setError(operationErrorOf(thrown)),
    );
    setPhase('has-ended');
  };
  const stop = (): void => stopping.current.abort();
  const close = (): void => {
    stop();
    onClose(phase !== 'asks');
  };

  return (
    <Modal
      visible
      header={`Redrive ${count === undefined ? 'dead letters' : lettersText(count)}?`}
      onDismiss={close}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            {phase === 'asks' && (
              <>
                <Button variant="link" onClick={close}>
                  Cancel
                </Button>
                <Button variant="primary" disabled={(count ?? 0) === 0} onClick={() => void start()}>
                  Redrive
                </Button>
              </>
            )}
            {phase === 'runs' && <Button onClick={stop}>Stop</Button>}
            {phase === 'has-ended' && (
              <Button variant="primary" onClick={close}>
                Close
              </Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Refusal error={countError} onRetry={onCountAgain} />
        {count === 0 && phase === 'asks' && (
          <Alert type="info" action={<Button onClick={onCountAgain}>Count again</Button>}>
            None were found. If somebody else reads the queue now, they are hidden for up to 90 seconds.
          </Alert>
        )}
        {phase === 'asks' && (
          <SpaceBetween size="m">
            <Box>
              They go back into the delivery queue, and their events count as received now. Fix the cause first:
              otherwise they come back.
            </Box>
            <FormField
              label={
                <>
                  Rate per second <i>- optional</i>
                </>
              }
              constraintText="From 0.1 to 10000. Without a rate, they move as fast as the queues allow."
              errorText={problem}
            >
              <Input value={rate} inputMode="decimal" onChange={({ detail }) => setRate(detail.value)} />
            </FormField>
          </SpaceBetween>
        )}
        {phase !== 'asks' && <Progress count={count ?? 0} progress={progress} hasEnded={phase === 'has-ended'} />}
        <Refusal error={error} />
      </SpaceBetween>
    </Modal>
  );
}

interface RedriveAllDialogProps {
  readonly filter: RedriveFilter;
  readonly onClose: (hasRun: boolean) => void;
}

/** Counts the dead letters that match before it asks. */
export function RedriveAllDialog({ filter, onClose }: RedriveAllDialogProps) {
  const { output, error, reload } = useAnswer('CountDeadLetters', filter);
  return (
    <RedriveDialog
      count={output?.Matched}
      error={error}
      onCountAgain={reload}
      redrive={redriveAll(filter)}
      onClose={onClose}
    />
  );
}

function lettersText(count: number): string {
  return `${count} dead ${count === 1 ? 'letter' : 'letters'}`;
}

interface ProgressProps {
  readonly count: number;
  readonly progress: RedriveProgress;
  readonly hasEnded: boolean;
}

function Progress({ count, progress, hasEnded }: ProgressProps) {
  const { moved, notMoved, stopped } = progress;
  return (
    <SpaceBetween size="m">
      <ProgressBar
        label={hasEnded ? 'The redrive has ended' : 'The redrive runs'}
        value={count === 0 ? 100 : Math.min(100, (100 * (moved + notMoved.length)) / count)}
        additionalInfo={`${moved} of ${lettersText(count)} moved`}
      />
      {stopped !== undefined && <Alert type="info">{stopped} The other dead letters stay in the queue.</Alert>}
      {notMoved.length > 0 && (
        <Alert type="warning" header={`${lettersText(notMoved.length)} not moved`}>
          <ul>
            {notMoved.map(({ name, reason }) => (
              <li key={name}>
                {name}: {reason}
              </li>
            ))}
          </ul>
        </Alert>
      )}
    </SpaceBetween>
  );
}
