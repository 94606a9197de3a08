/** What a call to AWS costs: the AWS client, less of the AWS client, and the requests that workers sign themselves. */
import { Buffer } from 'node:buffer';
import { DynamoDBClient, type UpdateItemCommandInput, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { everyClient } from '../../lib/adapters/aws/clients.ts';
import { type RequestSettings, signedRequest, textOf } from '../../lib/adapters/aws/signed-request.ts';
import { createClientTableCalls } from '../../lib/adapters/dynamodb/client-table-calls.ts';
import { createSignedTableCalls } from '../../lib/adapters/dynamodb/table-calls.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { startBenchProcess } from '../bench-process.ts';
import type { Figure } from '../figure.ts';
import { alternate, type Contender, inLanes, median, medianRatio } from '../rounds.ts';

const goal = 1;
const options = { rounds: 5, deliveriesPerRound: 1000 };

/** A write to the rate, as a worker makes it for each batch. */
const write: UpdateItemCommandInput = {
  TableName: 'lastmile-bench-state',
  Key: { pk: { S: 'RATE#5c2b6f0a-8f1e-4c1f-9a37-0c9d5c7f6f11' }, sk: { S: '0' } },
  UpdateExpression:
    'SET v = if_not_exists(v, :n0), slotsUntilUs = slotsUntilUs + :n1, returnsUntilUs = if_not_exists(returnsUntilUs, :n2), generation = if_not_exists(generation, :n3), revision = if_not_exists(revision, :n4), #ttl = :n5',
  ConditionExpression: 'slotsUntilUs >= :n6 AND revision = :n4 AND v <= :readable',
  ExpressionAttributeNames: { '#ttl': 'ttl' },
  ExpressionAttributeValues: {
    ':n0': { N: '1' },
    ':n1': { N: '33333' },
    ':n2': { N: '0' },
    ':n3': { N: '1' },
    ':n4': { N: '3' },
    ':n5': { N: '1800000000' },
    ':n6': { N: '1767225600000000' },
    ':readable': { N: '1' },
  },
  ReturnValues: 'ALL_NEW',
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
};

const answer = JSON.stringify({
  Attributes: {
    ...write.Key,
    v: { N: '1' },
    slotsUntilUs: { N: '1767225600033333' },
    returnsUntilUs: { N: '0' },
    generation: { N: '1' },
    revision: { N: '3' },
    ttl: { N: '1800000000' },
  },
});

export async function measureAwsCalls(): Promise<Figure[]> {
  const receiver = startBenchProcess('receiver.ts');
  try {
    const endpoint = `http://127.0.0.1:${String(await receiver.ask())}`;
    await receiver.ask({ body: answer });
    const figures: Figure[] = [];
    for (const lanes of [10, 1]) {
      const calls = callsTo(endpoint);
      const contenders = Object.fromEntries(
        Object.entries(calls).map(([name, call]) => [name, contender(call, lanes)]),
      ) as Record<keyof typeof calls, Contender>;
      figures.push(...figuresOf(await alternate(contenders, options), lanes === 1 ? 'alone' : `${lanes} under way`));
    }
    return figures;
  } finally {
    receiver.stop();
  }
}

/** A machine that stops for a while must not end the measurement. */
const patientMs = 600_000;

function callsTo(endpoint: string) {
  const newClient = () =>
    new DynamoDBClient({
      ...everyClient,
      requestHandler: { connectionTimeout: patientMs, requestTimeout: patientMs, throwOnRequestTimeout: true },
      region: 'us-east-1',
      endpoint,
      credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    });
  const limits = { connectTimeoutMs: patientMs, requestTimeoutMs: patientMs };
  const signal = () => AbortSignal.timeout(patientMs);
  const client = createClientTableCalls(newClient());
  const trimmed = trimmedClient(newClient());
  const settings: RequestSettings = newClient().config;
  const signed = createSignedTableCalls(newClient().config, 'lastmile-bench-state', systemClock, limits);
  return {
    client: () => client.updateItem(write, signal()),
    trimmed: () => trimmed.send(new UpdateItemCommand(write), { abortSignal: signal() }),
    handler: async () => {
      const request = await signedRequest(settings, systemClock, {
        service: 'dynamodb',
        method: 'POST',
        url: new URL(endpoint),
        headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.UpdateItem' },
        body: Buffer.from(JSON.stringify(write)),
      });
      const { response } = await settings.requestHandler.handle(request, { abortSignal: signal() });
      return JSON.parse(await textOf(response.body)) as unknown;
    },
    signed: () => signed.updateItem(write, signal()),
  };
}

/** Leaves only what makes, signs and reads a request. */
function trimmedClient(client: DynamoDBClient): DynamoDBClient {
  for (const name of [
    'getUserAgentMiddleware',
    'loggerMiddleware',
    'recursionDetectionMiddleware',
    'hostHeaderMiddleware',
  ]) {
    if (!client.middlewareStack.remove(name)) throw new Error(`The AWS client has no ${name} any more.`);
  }
  const nothing = { name: 'retryMiddleware', step: 'finalizeRequest', priority: 'high', override: true } as const;
  client.middlewareStack.add((next) => next, nothing);
  return client;
}

function contender(call: () => Promise<unknown>, lanes: number): Contender {
  return async (count) => {
    const before = process.cpuUsage();
    await inLanes(count, lanes, call);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}

function figuresOf(
  rates: Readonly<Record<'client' | 'trimmed' | 'handler' | 'signed', number[]>>,
  how: string,
): Figure[] {
  const us = (name: keyof typeof rates, what: string): Figure => {
    return { goal, name: `processor time of ${what}, ${how}, us`, value: 1_000_000 / median(rates[name]), target: '' };
  };
  const { value, noise } = medianRatio(rates.signed, rates.client);
  return [
    us('client', 'a call of the AWS client'),
    us('trimmed', 'the same with five middlewares of the client less'),
    us('handler', "a request signed here over the client's HTTP handler"),
    us('signed', 'a call signed here over undici'),
    {
      goal,
      name: `calls per CPU second that are signed here, to calls of the AWS client, ${how}`,
      value,
      target: '>= 3',
      noise,
      broken: !(value + noise >= 3),
    },
  ];
}
