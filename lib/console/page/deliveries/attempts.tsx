import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { DeliveryRecord } from '../data/lastmile-operations.ts';
import { State } from '../parts/state.tsx';
import { Time } from '../parts/time.tsx';

/** What an event waits for. The keys are the values of `WaitsFor`. */
const waits: Readonly<Record<string, string>> = {
  rate: 'the rate or the maximum concurrency of the API destination has no free slot',
  'retry-after': 'the endpoint has asked for a pause with Retry-After',
  circuit: 'the endpoint is unhealthy, and the event waits for a probe',
  pause: 'somebody has paused the API destination',
  backoff: 'the attempt has failed, or could not be made in time, and is repeated later',
  token: 'there is no OAuth token now',
  store: 'DynamoDB or Secrets Manager does not answer or refuses',
  order: 'it is behind the earlier events of its group',
  'newer-version': 'only a newer version of Lastmile can read its message',
};

/** Every invocation that had the event, the oldest first: attempts with their answers, and waits with their reasons. */
export function Attempts({ records }: { readonly records: readonly DeliveryRecord[] }) {
  return (
    <SpaceBetween size="s">
      <Header variant="h3">Attempts</Header>
      {records.length === 0 && <Box>There was no attempt yet.</Box>}
      <ol className="attempts">
        {records.map((record, index) => (
          <li key={record.ConcludedAt}>
            <Attempt record={record} isAttempt={record.AttemptsMade > (records[index - 1]?.AttemptsMade ?? 0)} />
          </li>
        ))}
      </ol>
    </SpaceBetween>
  );
}

function Attempt({ record, isAttempt }: { readonly record: DeliveryRecord; readonly isAttempt: boolean }) {
  const { AttemptsMade, Outcome, ConcludedAt, Status, Code, Reason, Answer, NextAttemptAt, WaitsFor } = record;
  const { DurationMilliseconds, RateWaitMilliseconds = 0 } = record;
  const rateWait = RateWaitMilliseconds < 1 ? '' : `, ${Math.round(RateWaitMilliseconds)} ms of it for a slot`;
  return (
    <SpaceBetween size="xxs">
      <SpaceBetween direction="horizontal" size="s">
        <Box variant="strong">{isAttempt ? `Attempt ${AttemptsMade}` : 'No attempt'}</Box>
        <State state={Outcome} />
        {Status !== undefined && <span>HTTP {Status}</span>}
      </SpaceBetween>
      <Box color="text-body-secondary">
        <Time seconds={ConcludedAt} />, took {Math.round(DurationMilliseconds)} ms{rateWait}
      </Box>
      {Code !== undefined && (
        <Box>
          {Code}: {Reason}
        </Box>
      )}
      {Answer !== undefined && (
        <pre className="answer" aria-label="Answer of the endpoint">
          {Answer}
        </pre>
      )}
      {NextAttemptAt !== undefined && (
        <Box>
          Waits until <Time seconds={NextAttemptAt} />
          {WaitsFor !== undefined && `, because ${waits[WaitsFor] ?? WaitsFor}`}.
        </Box>
      )}
    </SpaceBetween>
  );
}
