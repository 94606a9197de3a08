import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Textarea from '@cloudscape-design/components/textarea';
import { useState } from 'react';
import type { OperationError } from '../data/call.ts';
import { operationErrorOf } from '../data/call.ts';
import type { ApiDestinationDetails } from '../data/eventbridge-operations.ts';
import type { OutputOf } from '../data/operations.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Preformatted } from '../parts/preformatted.tsx';
import { Refusal } from '../parts/refusal.tsx';
import { Time } from '../parts/time.tsx';
import { nameInArn } from './destination-draft.ts';
import { newTestEvent, requestPreview } from './request-preview.ts';

/** Sends one event at once, and shows the request as it goes, without credentials, and the answer. */
export function TestEvent({ destination }: { readonly destination: ApiDestinationDetails }) {
  const { call, isReadOnly, region, account } = useStack();
  const { output: connection } = useAnswer('DescribeConnection', { Name: nameInArn(destination.ConnectionArn) });
  const [text, setText] = useState(() => newTestEvent(crypto.randomUUID(), new Date(), region, account));
  const [problem, setProblem] = useState<string>();
  const [error, setError] = useState<OperationError>();
  const [result, setResult] = useState<OutputOf<'SendTestEvent'>>();
  const [isSending, setIsSending] = useState(false);

  const send = async (): Promise<void> => {
    setProblem(undefined);
    setError(undefined);
    setResult(undefined);
    const event = objectIn(text);
    if (event === undefined) return setProblem('The event must be a JSON object.');
    setIsSending(true);
    try {
      setResult(await call('SendTestEvent', { ApiDestinationName: destination.Name ?? '', Event: event }));
    } catch (thrown) {
      setError(operationErrorOf(thrown));
    } finally {
      setIsSending(false);
    }
  };

  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Delivers one event now, as a rule without an input transformer would."
          actions={
            <Button
              loading={isSending}
              disabled={isReadOnly}
              disabledReason="This console is read-only."
              onClick={() => void send()}
            >
              Send test event
            </Button>
          }
        >
          Test event
        </Header>
      }
    >
      <SpaceBetween size="m">
        <FormField label="Event" errorText={problem} stretch>
          <Textarea rows={10} value={text} spellcheck={false} onChange={({ detail }) => setText(detail.value)} />
        </FormField>
        <div>
          <Box variant="awsui-key-label">The request, without its credentials</Box>
          <Preformatted>{requestPreview(destination, connection)}</Preformatted>
        </div>
        <Refusal error={error} />
        {result !== undefined && <Result result={result} />}
      </SpaceBetween>
    </Container>
  );
}

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function Result({ result }: { readonly result: OutputOf<'SendTestEvent'> }) {
  const { Outcome, Status, Code, Reason, Answer, DurationMilliseconds, NextAttemptAt } = result;
  return (
    <div role="status">
      <SpaceBetween size="s">
        <StatusIndicator type={Outcome === 'delivered' ? 'success' : 'error'}>
          {Outcome === 'delivered' ? 'Delivered' : `Not delivered: ${Outcome}`}
        </StatusIndicator>
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'HTTP status', value: Status ?? '-' },
            { label: 'Time', value: `${DurationMilliseconds} ms` },
            { label: 'Next attempt', value: <Time seconds={NextAttemptAt} /> },
            ...(Code === undefined ? [] : [{ label: 'Failure', value: `${Code}: ${Reason}` }]),
          ]}
        />
        {Answer !== undefined && <Preformatted>{Answer}</Preformatted>}
      </SpaceBetween>
    </div>
  );
}
