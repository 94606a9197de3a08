import type { Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { createHandler, dependenciesFrom } from '../../../functions/deliver.ts';
import { namesOf } from '../../../lib/core/delivery/delivery-names.ts';
import { Failure } from '../../../lib/core/failure/failure.ts';
import type { InputDelivererDependencies } from '../../../lib/delivery/deliver-input.ts';
import { createDeliverElements, createDeliverInput } from '../../../lib/delivery/deliver-input.ts';
import type { Trace } from '../../../lib/core/delivery/trace.ts';
import type { Deadline } from '../../../lib/delivery/deadline.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';

const xray = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
const context = { getRemainingTimeInMillis: () => 60_000 } as Context;

/** The traces of the deliveries that the function makes of these inputs. */
async function tracesOf(traceHeader: string | undefined, apiDestination: string | undefined, ...inputs: object[]) {
  const clock = createManualClock();
  const traces: (Trace | undefined)[] = [];
  const deliverInput = createDeliverInput({
    apiDestination,
    clock,
    deliver: async (event) => {
      traces.push(event.parse().delivery.trace);
      return { settlement: { kind: 'delivered' }, attempts: 1, durationMs: 0 };
    },
  });
  const handler = createHandler({
    deliverInput,
    deliverElements: async () => undefined,
    clock,
    traceHeader: () => traceHeader,
  });
  for (const input of inputs) await handler(input, context);
  return traces;
}

const envelope = { apiDestination: 'orders', event: { id: 'e-1' } };

test('an event that invokes deliver has the sampled trace of the invocation, with an envelope and without', async () => {
  expect(await tracesOf(xray, undefined, envelope)).toEqual([{ 'X-Amzn-Trace-Id': xray }]);
  expect(await tracesOf(xray, 'orders', { id: 'e-1' })).toEqual([{ 'X-Amzn-Trace-Id': xray }]);
});

test('the trace of an envelope is used instead of the trace of the invocation', async () => {
  const trace = { 'X-Amzn-Trace-Id': 'Root=1-67891233-abcdef012345678912345678' };
  expect(await tracesOf(xray, undefined, { ...envelope, trace })).toEqual([trace]);
});

test('an invocation whose trace is not sampled gives the event no trace, because Lambda may have made it up', async () => {
  expect(await tracesOf(xray.replace('Sampled=1', 'Sampled=0'), undefined, envelope)).toEqual([undefined]);
  expect(await tracesOf(undefined, undefined, envelope)).toEqual([undefined]);
});

test('the function deliver reads the trace of each invocation from the variable that Lambda sets', () => {
  const environment: Record<string, string> = {
    TABLE_NAME: 'lastmile',
    SECRET_PREFIX: 'lastmile/test/connection/',
    ROOT_SECRET_ARN: 'root',
    AUTHORIZE_CONNECTION_FUNCTION: 'authorize-connection',
    DELIVERY_QUEUE_URL: 'http://127.0.0.1:1/123456789012/deliveries',
    DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:1/123456789012/dead-letters',
  };
  const { traceHeader } = dependenciesFrom(environment, { region: 'us-east-1' });
  environment['_X_AMZN_TRACE_ID'] = 'first';
  const first = traceHeader();
  environment['_X_AMZN_TRACE_ID'] = 'second';
  expect([first, traceHeader()]).toEqual(['first', 'second']);
});

interface Answer {
  readonly deliveries: readonly { readonly outcome: string; readonly eventId?: string }[];
  readonly batchItemFailures: readonly object[];
}

/** Invokes deliver. An event that does not settle stays with its sender. */
async function invoke(input: unknown, settles: (id: string, handsOver: boolean) => boolean): Promise<Answer> {
  const clock = createManualClock();
  const parts: InputDelivererDependencies = {
    apiDestination: 'orders',
    clock,
    async deliver(event) {
      const eventId = String(namesOf(event.parse().delivery).eventId);
      const handsOver = event.handsOver !== undefined;
      const settled = handsOver ? ({ kind: 'deferred', notBeforeMs: 0 } as const) : ({ kind: 'delivered' } as const);
      const returned = { kind: 'returned', error: new Failure('StoreUnavailable', `${eventId} stays`) } as const;
      return { settlement: settles(eventId, handsOver) ? settled : returned, eventId, attempts: 1, durationMs: 0 };
    },
  };
  const deliverInput = createDeliverInput(parts);
  const deliverElements = createDeliverElements(parts);
  const handler = createHandler({ deliverInput, deliverElements, clock, traceHeader: () => undefined });
  return (await handler(input, context)) as Answer;
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `e-${index}` }));
const records = (...ids: string[]) => ids.map((id) => ({ messageId: id, eventSource: 'aws:sqs', body: '{"a":1}' }));

test('deliver attempts up to ten events of an array, and answers each in order', async () => {
  const { deliveries, batchItemFailures } = await invoke(numbered(10), () => true);
  expect(deliveries.map(({ outcome, eventId }) => `${outcome} ${eventId}`)).toEqual(
    numbered(10).map(({ id }) => `delivered ${id}`),
  );
  expect(batchItemFailures).toEqual([]);
});

test('deliver gives an array of more than ten events to the delivery queue at once', async () => {
  const { deliveries } = await invoke(numbered(500), () => true);
  expect(new Set(deliveries.map(({ eventId }) => eventId)).size).toBe(500);
  expect(new Set(deliveries.map(({ outcome }) => outcome))).toEqual(new Set(['deferred']));
});

test('deliver attempts an event of a large array that the delivery queue does not take', async () => {
  const { deliveries } = await invoke(numbered(11), (id, handsOver) => !(handsOver && id === 'e-3'));
  expect(deliveries.filter(({ outcome }) => outcome === 'delivered').map(({ eventId }) => eventId)).toEqual(['e-3']);
});

test('an invocation with an array fails if one of its events stays with its sender', async () => {
  await expect(invoke(numbered(2), (id) => id !== 'e-1')).rejects.toThrow('e-1 stays');
  await expect(invoke({ Records: records('m-1', 'm-2') }, (id) => id !== 'm-1')).rejects.toThrow('m-1 stays');
});

test('the answer to a pipe names only the messages whose events stay with the pipe', async () => {
  const { deliveries, batchItemFailures } = await invoke(records('m-1', 'm-2'), (id) => id !== 'm-2');
  expect(deliveries.map(({ outcome }) => outcome)).toEqual(['delivered', 'returned']);
  expect(batchItemFailures).toEqual([{ itemIdentifier: 'm-2' }]);
});

test('deliver takes the records of a service such as S3 as one event', async () => {
  expect(await invoke({ Records: [{ eventSource: 'aws:s3' }] }, () => true)).toMatchObject({ outcome: 'delivered' });
});

test.each<[input: unknown, longestAnswerMs: number | undefined, expectedMs: number]>([
  [{ id: 'a' }, undefined, 60_000],
  [{ id: 'a' }, 30_000, 30_000],
  [{ id: 'a' }, 90_000, 60_000],
  [{ apiDestination: 'orders', event: 1, answerWithinSeconds: 10 }, 30_000, 10_000],
  [{ apiDestination: 'orders', event: 1, answerWithinSeconds: 40 }, 30_000, 40_000],
  [{ apiDestination: 'orders', event: 1, answerWithinSeconds: 'soon' }, 30_000, 30_000],
  [{ apiDestination: 'orders', event: 1, answerWithinSeconds: 0 }, 30_000, 30_000],
  [[{ answerWithinSeconds: 20 }, { answerWithinSeconds: 10 }, 7], 30_000, 10_000],
  [[], 30_000, 30_000],
])(
  'the input %j of a function with a longest wait of %s ms has %i ms of the 60 s of its invocation',
  async (input, longestAnswerMs, expectedMs) => {
    const clock = createManualClock();
    const endsMs: number[] = [];
    const note = ({ endMs }: Deadline) => void endsMs.push(endMs - clock.nowMs());
    const handler = createHandler({
      async deliverInput(_input, deadline) {
        note(deadline);
        return { settlement: { kind: 'delivered' }, attempts: 1, durationMs: 0 };
      },
      async deliverElements(_input, deadline) {
        note(deadline);
        return [];
      },
      clock,
      longestAnswerMs,
      traceHeader: () => undefined,
    });
    await handler(input, context);
    expect(endsMs).toEqual([expectedMs]);
  },
);
