import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { CreateApiDestinationCommand, CreateConnectionCommand } from '@aws-sdk/client-eventbridge';
import type { Context } from 'aws-lambda';
import { expect, onTestFinished, test } from 'vitest';
import { dependenciesFrom as authorizeFrom } from '../../../functions/authorize-connection.ts';
import { dependenciesFrom as controlFrom } from '../../../functions/control-api.ts';
import { createHandler as createDeliver, dependenciesFrom as deliverFrom } from '../../../functions/deliver.ts';
import {
  createHandler as createDeliverQueued,
  dependenciesFrom as deliverQueuedFrom,
} from '../../../functions/deliver-queued.ts';
import { createEmfMetrics } from '../../../lib/adapters/log/emf-metrics.ts';
import { createJsonLineConnectionLog, createJsonLineDeliveryLog } from '../../../lib/adapters/log/json-lines.ts';
import { functionVariables } from '../../../lib/local/stack/environment.ts';
import { sqsRecord } from '../../../lib/local/sqs/receive.ts';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { sharedSqs } from '../../fixtures/sqs.ts';
import type { RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { startS3Server } from '../../servers/aws/s3-server.ts';
import { account, type ProxiedSqs, region } from '../../servers/aws/sqs-queues.ts';
import { emfViolations, valuesOf } from '../../unit/adapters/log/emf-documents.ts';

const answers = {
  well: { status: 200 },
  busy: { status: 503, headers: { 'retry-after': '60', 'x-canary': 'canary-header' }, body: 'the answer' },
  rejecting: { status: 422, body: 'the answer' },
  refusing: { status: 401 },
};

const context = { getRemainingTimeInMillis: () => 60_000 } as Context;
let stack: Stack;
let sqs: ProxiedSqs;
let endpoint: RecordingEndpoint;

sharedSqs.override(
  'answer',
  () =>
    ({ path }) =>
      answers[path.slice(1) as keyof typeof answers],
);

sharedSqs.beforeAll(async ({ stack: startedStack, sqs: proxied, endpoint: startedEndpoint, clients: { events } }) => {
  [stack, sqs, endpoint] = [startedStack, proxied, startedEndpoint];
  const AuthParameters = { BasicAuthParameters: { Username: 'someone', Password: 'canary-password' } };
  for (const name of Object.keys(answers)) {
    const connection = { Name: `${name}-connection`, AuthorizationType: 'BASIC', AuthParameters } as const;
    const { ConnectionArn } = await events.send(new CreateConnectionCommand(connection));
    const InvocationEndpoint = `${endpoint.origin}/${name}`;
    const destination = { Name: name, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' } as const;
    await events.send(new CreateApiDestinationCommand(destination));
  }
});

const envelopeOf = (apiDestination: string) => ({
  apiDestination,
  event: { id: `event-${apiDestination}`, detail: { note: 'canary-event' } },
  target: { RetryPolicy: { MaximumRetryAttempts: apiDestination === 'refusing' ? 0 : 185 } },
});

/** Workers of both functions. Their metrics are written to `documents` instead of standard output. */
async function startWorkers({ perDestination = false, deadLetterQueueUrl = '' } = {}) {
  const [deliveries, deadLetters] = [await sqs.newQueue(), await sqs.newQueue()];
  const environment = functionVariables(
    {
      DELIVERY_QUEUE_URL: deliveries.url,
      DEAD_LETTER_QUEUE_URL: deadLetterQueueUrl || deadLetters.url,
      UNAUTHORIZED_LIMIT: '1',
    },
    (name) => `${stack.url}/${account}/${name}`,
  );
  const [documents, lines]: [string[], string[]] = [[], []];
  const write = (line: string) => documents.push(line);
  const overrides = {
    metrics: createEmfMetrics({ write, nowMs: Date.now, stackName: 'lastmile-test', perDestination }),
    deliveryLog: createJsonLineDeliveryLog((line) => lines.push(line)),
    connectionLog: createJsonLineConnectionLog((line) => lines.push(line)),
  };
  const deliverQueued = createDeliverQueued(deliverQueuedFrom(environment, sqs.clientConfig, overrides));
  return {
    documents,
    lines,
    deliver: createDeliver(deliverFrom(environment, sqs.clientConfig, overrides)),
    async deliverMessages(...bodies: readonly string[]) {
      for (const body of bodies) await deliveries.send({ body, attributes: {} });
      const messages = await deliveries.receive();
      const source = { account, region, queueName: 'deliveries' };
      return deliverQueued({ Records: messages.map((message) => sqsRecord({ ...message }, source)) }, context);
    },
  };
}

const mixed = () => [...Object.keys(answers), 'nowhere'].map((name) => JSON.stringify(envelopeOf(name)));

test('a batch that has deliveries with every outcome writes one metric document, with each outcome counted and timed', async () => {
  const { deliverMessages, documents, lines } = await startWorkers();
  expect(await deliverMessages(...mixed(), 'no envelope: canary-event')).toEqual({ batchItemFailures: [] });
  expect(documents.flatMap(emfViolations)).toEqual([]);
  expect(documents).toHaveLength(1);
  const values = (name: string) => valuesOf(documents, name);
  expect({
    Attempts: values('Attempts'),
    Deliveries: values('Deliveries'),
    RetryableFailures: values('RetryableFailures'),
    PermanentFailures: values('PermanentFailures'),
    DeadLetters: values('DeadLetters'),
    ConnectionsDeauthorized: values('ConnectionsDeauthorized'),
  }).toEqual({
    Attempts: [4],
    Deliveries: [1],
    RetryableFailures: [2], // one for the destination busy, one for refusing, which allows no retries
    PermanentFailures: [3], // one each for the destinations rejecting and nowhere, one for the invalid envelope
    DeadLetters: [4],
    ConnectionsDeauthorized: [1],
  });
  expect(values('RateWait')).toHaveLength(4);
  expect(values('Latency')).toHaveLength(4);
  expect(values('EventAge')).toHaveLength(5);
  expect(documents.join()).toContain('"Stack":"lastmile-test"');
  expect(documents.join()).not.toContain('ApiDestination');
  expect(lines).toContain('{"level":"WARN","message":"connection.deauthorized","connection":"refusing-connection"}\n');
  expect([...documents, ...lines].join()).not.toContain('canary');
  expect(documents.join()).not.toContain('the answer');
});

test('metrics per destination are written only for destinations that exist', async () => {
  const { deliverMessages, documents } = await startWorkers({ perDestination: true });
  await deliverMessages(...mixed(), JSON.stringify(envelopeOf('no name, but a sentence')));
  expect(documents.flatMap(emfViolations)).toEqual([]);
  expect(valuesOf(documents, 'Deliveries', 'well')).toEqual([1]);
  expect(valuesOf(documents, 'DeadLetters', 'rejecting')).toEqual([1]);
  expect(valuesOf(documents, 'DeadLetters')).toEqual([2]);
  const named = documents.map((line) => (JSON.parse(line) as { ApiDestination?: string }).ApiDestination);
  expect(named.sort()).toEqual(['busy', 'refusing', 'rejecting', 'well', undefined]);
});

test('a failed invocation writes its own metrics, and its events are not counted again by the next invocation', async () => {
  const { deliver, documents } = await startWorkers({ deadLetterQueueUrl: `${stack.url}/0/none` });
  await expect(deliver(envelopeOf('rejecting'), context)).rejects.toThrow();
  expect(valuesOf(documents, 'RetryableFailures')).toEqual([1]);
  expect(valuesOf(documents, 'PermanentFailures')).toEqual([1]);
  expect(valuesOf(documents, 'DeadLetters')).toBeUndefined();
  expect(await deliver(envelopeOf('well'), context)).toMatchObject({ outcome: 'delivered' });
  expect(documents).toHaveLength(2);
  expect(documents[1]).not.toContain('Failures');
  expect(valuesOf(documents, 'Attempts')).toEqual([1, 1]);
});

test('authorize-connection writes its metrics even when it fails', async () => {
  const documents: string[] = [];
  const write = (line: string) => documents.push(line);
  const metrics = createEmfMetrics({ write, nowMs: Date.now, stackName: 'lastmile-test', perDestination: false });
  const environment = functionVariables({}, (name) => `${stack.url}/${account}/${name}`);
  const { authorize } = authorizeFrom(environment, sqs.clientConfig, { metrics });
  metrics.count('ConnectionsDeauthorized');
  await expect(authorize('no connection', new AbortController().signal)).rejects.toThrow('not a JSON object');
  expect(valuesOf(documents, 'ConnectionsDeauthorized')).toEqual([1]);
});

test('the deployed handler writes its metric document to standard output, with the names from its environment variables', async () => {
  const given = { STACK_NAME: 'lastmile-prod', METRICS_PER_DESTINATION: 'true' };
  const documents = (await runDeployed(envelopeOf('well'), given)).filter((line) => line.includes('"_aws"'));
  expect(documents.flatMap(emfViolations)).toEqual([]);
  expect(valuesOf(documents, 'Deliveries', 'well')).toEqual([1]);
  expect(documents[0]).toContain('"Stack":"lastmile-prod"');
});

test('a deployed handler refuses a loopback address, and the refusal is logged and counted', async () => {
  const before = endpoint.requests.length;
  const lines = await runDeployed(envelopeOf('well'), { PRIVATE_NETWORK_ALLOWLIST: '' });
  const documents = lines.filter((line) => line.includes('"_aws"'));
  expect(documents.flatMap(emfViolations)).toEqual([]);
  expect(valuesOf(documents, 'SecurityEvents')).toEqual([1]);
  expect([valuesOf(documents, 'DeadLetters'), valuesOf(documents, 'Attempts')]).toEqual([[1], undefined]);
  expect(lines).toContain('{"level":"WARN","message":"address.refused","host":"127.0.0.1","reason":"loopback"}\n');
  expect(lines.join()).toContain('"code":"AddressRefused"');
  expect(lines.join()).not.toContain('canary');
  expect(endpoint.requests).toHaveLength(before);
});

test('a deployed deliver keeps an event in the bucket of its environment, its line says where, and control-api delivers it again', async () => {
  const s3 = await startS3Server({ bucket: 'kept', owner: account, region, secretAccessKey: 'local', nowMs: Date.now });
  onTestFinished(() => s3.stop());
  const variables = {
    KEPT_EVENTS_URL: `https://kept.s3.${region}.amazonaws.com/events/`,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    ROOT_SECRET_ARN: `arn:aws:secretsmanager:${region}:${account}:secret:root-AbCdEf`,
  };
  const lines = await runDeployed(envelopeOf('well'), variables);
  const concluded = lines.find((line) => line.includes('delivery.concluded')) ?? '{}';
  const { outcome, kept = '' } = JSON.parse(concluded) as { outcome?: string; kept?: string };
  // After 2 s without an answer, as on a busy machine, the worker writes the same object again.
  const objects = [...new Set(s3.calls.map(({ path }) => path))];
  expect([outcome, objects]).toEqual(['delivered', [`/kept/${kept.replace('#0', '')}`]]);
  expect(lines.join()).not.toMatch(/EventsNotKept|canary/);
  const [deliveries, deadLetters] = [await sqs.newQueue(), await sqs.newQueue()];
  const given = { ...variables, DELIVERY_QUEUE_URL: deliveries.url, DEAD_LETTER_QUEUE_URL: deadLetters.url };
  const environment = {
    ...functionVariables(given, (name) => `${stack.url}/${account}/${name}`),
    AWS_ENDPOINT_URL_S3: s3.endpoint,
  };
  const aws = { ...sqs.clientConfig, credentials: { accessKeyId: 'test', secretAccessKey: 'local' } };
  const { lastmileOperations } = controlFrom(environment, aws);
  const caller = { region, account, partition: 'aws', requestId: 'request' };
  const asked = { EventId: 'event-well', ApiDestinationName: 'well', KeptAt: kept };
  await lastmileOperations?.['ReplayDelivery']?.(asked, caller);
  const [message] = await deliveries.receive();
  expect(JSON.parse(message?.Body ?? 'null')).toEqual(envelopeOf('well').event);
});

/** @returns the lines on standard output of one invocation, configured by the environment alone */
function runDeployed(input: object, variables: Record<string, string>): Promise<readonly string[]> {
  const script = `
    const { handler } = await import('./functions/deliver.ts');
    await handler(${JSON.stringify(input)}, { getRemainingTimeInMillis: () => 60000 });
    process.stdout.write('', () => process.exit(0));`;
  const credentials = { AWS_ACCESS_KEY_ID: 'deliver', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: region };
  const own = functionVariables({}, (name) => `${stack.url}/${account}/${name}`);
  const env = { ...process.env, ...credentials, ...own, ...variables, AWS_ENDPOINT_URL: stack.url };
  const options = { cwd: join(import.meta.dirname, '..', '..', '..'), env };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--input-type=module', '-e', script], options, (error, stdout) => {
      if (error === null) resolve(stdout.split(/(?<=\n)/));
      else reject(new Error(`The process failed: ${error.message}`));
    });
  });
}
