import type { Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { createHandler, dependenciesFrom } from '../../../functions/deliver.ts';
import { createDeliverInput } from '../../../lib/delivery/deliver-batch.ts';
import type { Trace } from '../../../lib/core/delivery/trace.ts';
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
  const handler = createHandler({ deliverInput, clock, traceHeader: () => traceHeader });
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
