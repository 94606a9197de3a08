import { expect, test } from 'vitest';
import { bodyText, type QueueMessage } from '../../../../lib/core/message/queue-message.ts';
import { parseQueueMessage } from '../../../../lib/core/message/queued-delivery.ts';
import type { FailedInvocation } from '../../../../lib/local/lambda/asynchronous-invocations.ts';
import { createFailedInvocations, failureRecord } from '../../../../lib/local/lambda/failed-invocations.ts';

const nowMs = Date.UTC(2026, 0, 1);
const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:lastmile-local-deliver';

function failedInvocation(payload: object, functionName = 'deliver'): FailedInvocation {
  const times = { acceptedAtMs: nowMs, notBeforeMs: nowMs };
  return {
    invocation: {
      id: 'q-1',
      region: 'us-east-1',
      functionName,
      payload: JSON.stringify(payload),
      failures: 2,
      ...times,
    },
    failures: 3,
    outcome: {
      requestId: 'q-1',
      payload: '{"errorType":"Failure","errorMessage":"no"}',
      error: { type: 'Failure', message: 'no', thrown: undefined },
    },
  };
}

const envelope = { apiDestination: 'orders', event: { id: 'e-1', detail: { text: 'a\u0001\uFFFF' } } };

test('the record of a failed invocation keeps the digits of the numbers in its payload', () => {
  const failed = failedInvocation({});
  const payload = '{"apiDestination": "orders", "event": {"id":1152921506151679042,"exp":1E400}}';
  const record = failureRecord({ ...failed, invocation: { ...failed.invocation, payload } }, functionArn, nowMs);
  const read = parseQueueMessage(record ?? { body: '', attributes: {} }, { apiDestination: undefined, nowMs });
  expect(read.delivery.event.text).toBe('{"id":1152921506151679042,"exp":1E400}');
});

test('the record of a failed invocation is sent with the X-Ray header of the invocation', () => {
  const { invocation, ...failed } = failedInvocation(envelope);
  const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
  const record = failureRecord({ ...failed, invocation: { ...invocation, traceHeader } }, functionArn, nowMs);
  expect(record?.traceHeader).toBe(traceHeader);
});

test("the record of a failed invocation has Lambda's form", () => {
  const message = failureRecord(failedInvocation({ n: 1 }), functionArn, nowMs);
  expect(JSON.parse(message?.body ?? '')).toEqual({
    version: '1.0',
    timestamp: '2026-01-01T00:00:00.000Z',
    requestContext: {
      requestId: 'q-1',
      functionArn: `${functionArn}:$LATEST`,
      condition: 'RetriesExhausted',
      approximateInvokeCount: 3,
    },
    requestPayload: { n: 1 },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorType: 'Failure', errorMessage: 'no' },
  });
});

test('the record of a failed invocation can be delivered after a redrive, even if it was escaped for SQS', () => {
  const message = failureRecord(failedInvocation(envelope), functionArn, nowMs);
  expect(message?.body).not.toMatch(/[\u0001\uFFFF]/);
  const { delivery } = parseQueueMessage(message ?? { body: '', attributes: {} }, { apiDestination: undefined, nowMs });
  expect(delivery).toMatchObject({ apiDestination: 'orders', attempts: 0, event: { value: envelope.event } });
});

test('the record of a large failed invocation is compressed and can still be delivered', () => {
  const large = { ...envelope, event: { id: 'e-1', text: 'x'.repeat(1_048_500) } };
  const message = failureRecord(failedInvocation(large), functionArn, nowMs) ?? { body: '', attributes: {} };
  expect(message.body.length).toBeLessThan(10_000);
  expect(JSON.parse(bodyText(message))).toMatchObject({ requestPayload: large });
  const { delivery } = parseQueueMessage(message, { apiDestination: undefined, nowMs });
  expect(delivery.event.value).toEqual(large.event);
});

function newFailedInvocations(send: (region: string, message: QueueMessage) => Promise<unknown>) {
  const said: string[] = [];
  const onFailed = createFailedInvocations({
    functionNames: ['deliver'],
    arnOf: () => functionArn,
    nowMs: () => nowMs,
    send,
    report: ({ invocation }) => said.push(`failed ${invocation.id}`),
    reportFault: (where) => said.push(`fault in ${where}`),
  });
  return { onFailed, said };
}

test('a failed invocation of deliver is reported and sent to the dead-letter queue of its region', async () => {
  const sent: [string, unknown][] = [];
  const { onFailed, said } = newFailedInvocations(async (region, { body }) => sent.push([region, JSON.parse(body)]));
  await onFailed(failedInvocation(envelope));
  expect(sent).toMatchObject([['us-east-1', { requestPayload: envelope }]]);
  expect(said).toEqual(['failed q-1']);
});

test('a failed invocation without an event is reported and not sent to a queue', async () => {
  const sent: string[] = [];
  const { onFailed, said } = newFailedInvocations(async (region) => sent.push(region));
  await onFailed(failedInvocation({}, 'authorize-connection'));
  expect({ sent, said }).toEqual({ sent: [], said: ['failed q-1'] });
});

test('the stack reports a dead-letter queue that refuses a failed invocation, and goes on', async () => {
  const { onFailed, said } = newFailedInvocations(() => Promise.reject(new Error('no')));
  await onFailed(failedInvocation(envelope));
  expect(said).toEqual(['failed q-1', 'fault in sending a failed invocation to the dead-letter queue']);
});
