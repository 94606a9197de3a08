import { DeleteConnectionCommand, DisableRuleCommand, EnableRuleCommand } from '@aws-sdk/client-eventbridge';
import { beforeEach, expect, test } from 'vitest';
import type { Stack, StackOptions } from '../../../lib/local/stack/stack.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { ownEndpoint, ownStack } from '../../fixtures/stack.ts';
import type { RecordedRequest, RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { attributesOf, createBusStory, everyOrder, Growing } from './bus-story.ts';

let endpoint: RecordingEndpoint;
let requests: Growing<RecordedRequest>;
let statuses: number[];
let lines: Growing<string>;

beforeEach(async () => {
  requests = new Growing();
  statuses = [];
  lines = new Growing();
  endpoint = await ownEndpoint((request) => {
    requests.push(request);
    return { status: statuses.shift() ?? 200 };
  });
});

function start(options: StackOptions = {}): Promise<Stack> {
  const say = (text: string): void => lines.push(text);
  return ownStack({ output: { line: say, error: say }, ...options });
}

const HttpParameters = { PathParameterValues: ['$.detail.order'], HeaderParameters: { 'X-Source': '$.source' } };
const ownBus = { Name: 'orders', EventBusName: 'orders', EventPattern: everyOrder };

test('an event arrives at the endpoint unchanged, with the id that PutEvents returned', async () => {
  const story = createBusStory(await start());
  await story.createBus('orders');
  const Arn = await story.createDestination('shop', endpoint.origin);
  await story.putRule(ownBus, { Arn, HttpParameters }, { Arn, Input: '{"constant":1.0}', HttpParameters });
  const Detail = '{"order":7, "big":12345678901234567890,"one":1.0 ,"text":"\\u00fc\\n"}';
  const event = { EventBusName: 'orders', Detail, Time: new Date(1_772_620_201_000), Resources: ['arn:aws:x'] };
  const [id] = await story.put(event, { EventBusName: 'orders', Source: 'other' });
  const arrived = (await requests.count(2)).toSorted((one, other) => other.body.length - one.body.length);
  expect(arrived).toMatchObject([
    {
      method: 'POST',
      path: '/shop/7',
      headers: { 'x-key': 'opensesame', 'x-source': 'shop', 'idempotency-key': `${id}/t-1` },
      body: `{"version":"0","id":"${id}","detail-type":"Order Placed","source":"shop","account":"123456789012","time":"2026-03-04T10:30:01Z","region":"us-east-1","resources":["arn:aws:x"],"detail":${Detail}}`,
    },
    { headers: { 'idempotency-key': `${id}/t-2` }, body: '{"constant":1.0}' },
  ]);
  expect(arrived).toHaveLength(2);
});

test("a target's transformer fills its placeholders from the event and its rule", async () => {
  const story = createBusStory(await start());
  const Arn = await story.createDestination('shop', endpoint.origin);
  const InputTransformer = {
    InputPathsMap: { order: '$.detail.order' },
    InputTemplate: '{"order": <order>, "rule": "<aws.events.rule-name>", "text": "no <order>"}',
  };
  await story.putRule({ Name: 'all', EventPattern: everyOrder }, { Arn, InputTransformer, HttpParameters });
  await story.put({ Detail: '{"order":"17-a"}' });
  const [request] = await requests.count(1);
  expect(request?.body).toBe('{"order": "17-a", "rule": "all", "text": "no 17-a"}');
});

test('a retryable failure is retried, and a permanent failure goes to the dead-letter queue of the target', async () => {
  const environment = { RETRY_BASE_DELAY_MS: '10', RETRY_MAX_DELAY_MS: '10' };
  const story = createBusStory(await start({ environment }));
  const Arn = await story.createDestination('shop', endpoint.origin);
  const dead = await story.createQueue('dead');
  const target = { Arn, HttpParameters, DeadLetterConfig: { Arn: dead.arn }, RetryPolicy: { MaximumRetryAttempts: 1 } };
  const rule = await story.putRule({ Name: 'all', EventPattern: everyOrder }, target);
  statuses.push(503, 200);
  await story.put({ Detail: '{"order":1}' });
  await requests.count(2);
  statuses.push(503, 503);
  const [exhausted] = await story.put({ Detail: '{"order":2}' });
  const [message] = await dead.receive(1);
  expect(JSON.parse(message?.Body ?? '')).toMatchObject({ id: exhausted, detail: { order: 2 } });
  expect(message && attributesOf(message)).toMatchObject({
    RULE_ARN: rule,
    TARGET_ARN: Arn,
    ERROR_CODE: 'ERROR_FROM_TARGET',
    EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
    RETRY_ATTEMPTS: '1',
  });
  expect(requests.items.map(({ path }) => path)).toEqual(['/shop/1', '/shop/1', '/shop/2', '/shop/2']);
});

test('events of the bus are sent at the rate of their destination', async () => {
  const story = createBusStory(await start());
  const Arn = await story.createDestination('shop', endpoint.origin, 10);
  await story.putRule({ Name: 'all', EventPattern: everyOrder }, { Arn, HttpParameters });
  const startMs = performance.now();
  await story.put(...Array.from({ length: 10 }, (_, order) => ({ Detail: JSON.stringify({ order }) })));
  await requests.count(10);
  // Ten slots with 100 ms between them need at least 900 ms.
  expect(performance.now() - startMs).toBeGreaterThan(850);
});

test('an event for a destination whose connection was deleted is dead-lettered with the reason', async () => {
  const story = createBusStory(await start());
  const Arn = await story.createDestination('shop', endpoint.origin);
  const dead = await story.createQueue('dead');
  await story.events.send(new DeleteConnectionCommand({ Name: 'shop' }));
  const target = { Arn, HttpParameters, DeadLetterConfig: { Arn: dead.arn } };
  await story.putRule({ Name: 'all', EventPattern: everyOrder }, target);
  await story.put({ Detail: '{"order":1}' });
  const [message] = await dead.receive(1);
  expect(message && attributesOf(message)).toMatchObject({ ERROR_CODE: 'NO_RESOURCE', RETRY_ATTEMPTS: '0' });
});

test('an incompressible event of 1 MiB arrives', async () => {
  const story = createBusStory(await start());
  const Arn = await story.createDestination('shop', endpoint.origin);
  await story.putRule({ Name: 'all', EventPattern: everyOrder }, { Arn, HttpParameters });
  let seed = 1;
  const noise = Array.from({ length: 1_048_000 }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return alphabet.charAt(seed % alphabet.length);
  }).join('');
  await story.put({ Detail: JSON.stringify({ order: 1, noise }) });
  const [request] = await requests.count(1);
  expect((JSON.parse(request?.body ?? '') as { detail: { noise: string } }).detail.noise).toBe(noise);
});

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -_.,:;!?#$%&()*+/<=>@[]^`{|}~';

test('the bus of one region does not get the events of another region', async () => {
  const stack = await start();
  const stories = ['us-east-1', 'eu-central-1'].map((region) => createBusStory(stack, region));
  const queues = [];
  for (const story of stories) {
    const queue = await story.createQueue('all');
    await story.putRule({ Name: 'all', EventPattern: everyOrder }, { Arn: queue.arn });
    queues.push(queue);
  }
  await stories[0]?.put({ Detail: '{"n":1}' });
  await stories[1]?.put({ Detail: '{"n":2}' });
  for (const [index, queue] of queues.entries()) {
    const [message] = await queue.receive(1);
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({ detail: { n: index + 1 } });
    const region = ['us-east-1', 'eu-central-1'][index];
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({ region });
  }
});

test('a rule gets no events that were put while it was disabled', async () => {
  const story = createBusStory(await start());
  const queue = await story.createQueue('all');
  await story.putRule({ Name: 'all', EventPattern: everyOrder }, { Arn: queue.arn });
  await story.put({ Detail: '{"n":1}' });
  await story.events.send(new DisableRuleCommand({ Name: 'all' }));
  await story.put({ Detail: '{"n":2}' });
  await story.events.send(new EnableRuleCommand({ Name: 'all' }));
  await story.put({ Detail: '{"n":3}' });
  const bodies = (await queue.receive(2)).map(({ Body = '' }) => JSON.parse(Body) as { detail: object });
  expect(bodies.map(({ detail }) => detail)).toEqual([{ n: 1 }, { n: 3 }]);
});

test('a rule with rate(1 minute) fires every minute except while it is disabled', async () => {
  const clock = createManualClock();
  const story = createBusStory(await start({ clock }));
  const Arn = 'arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/ticks';
  const rule = await story.putRule({ Name: 'tick', ScheduleExpression: 'rate(1 minute)' }, { Arn });
  await clock.advance(59_000);
  await clock.advance(1000);
  const [first] = await lines.count(1);
  expect(first).toContain('"detail-type":"Scheduled Event","source":"aws.events"');
  expect(first).toContain(`"time":"2026-01-01T00:01:00Z","region":"us-east-1","resources":["${rule}"],"detail":{}}`);
  await story.events.send(new DisableRuleCommand({ Name: 'tick' }));
  await clock.advance(300_000);
  await story.events.send(new EnableRuleCommand({ Name: 'tick' }));
  await clock.advance(60_000);
  await lines.count(2);
  expect(lines.items.map((line) => /"time":"([^"]*)"/.exec(line)?.[1])).toEqual([
    '2026-01-01T00:01:00Z',
    '2026-01-01T00:07:00Z',
  ]);
});
