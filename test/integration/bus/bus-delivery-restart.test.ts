import { ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownEndpoint, ownFolder, ownStack } from '../../fixtures/stack.ts';
import type { RecordedRequest, RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { type StackProcess, startStackProcess } from '../../servers/aws/stack-process.ts';
import { createBusStory, everyOrder, Growing } from './bus-story.ts';

let folder: string;
let endpoint: RecordingEndpoint;
let requests: Growing<RecordedRequest>;
const started: StackProcess[] = [];

beforeEach(async () => {
  folder = ownFolder();
  requests = new Growing();
  endpoint = await ownEndpoint((request) => {
    requests.push(request);
    return undefined;
  });
});

afterEach(async () => {
  for (const each of started.splice(0)) await kill(each);
});

async function kill(stack: StackProcess): Promise<void> {
  stack.process.kill('SIGKILL');
  await stack.ended;
}

async function start() {
  const stack = startStackProcess(['--port', '0', '--data-dir', folder]);
  started.push(stack);
  return { stack, story: createBusStory({ url: await stack.url }) };
}

const HttpParameters = { PathParameterValues: ['$.detail.n'] };

test('every event that PutEvents has accepted arrives although the stack is killed immediately afterwards', async () => {
  const { stack, story } = await start();
  const Arn = await story.createDestination('shop', endpoint.origin);
  const queue = await story.createQueue('all');
  const copies = [1, 2, 3, 4].map(() => ({ Arn: queue.arn }));
  await story.putRule({ Name: 'all', EventPattern: everyOrder }, ...copies, { Arn, HttpParameters });
  const ids: string[] = [];
  for (let batch = 0; batch < 5; batch += 1) {
    const entries = Array.from({ length: 10 }, (_, index) => ({ Detail: JSON.stringify({ n: 10 * batch + index }) }));
    ids.push(...(await story.put(...entries)));
  }
  // The event is so large that the process can be killed before the last target gets it.
  ids.push(...(await story.put({ Detail: JSON.stringify({ n: 50, pad: 'x'.repeat(1_000_000) }) })));
  await kill(stack);

  const after = await start();
  const arrived = new Set<string>();
  for (let count = 1; arrived.size < ids.length; count += 1) {
    const body = (await requests.count(count))[count - 1]?.body ?? '';
    arrived.add((JSON.parse(body) as { id: string }).id);
  }
  expect([...arrived].toSorted()).toEqual(ids.toSorted());
  const queued = new Map<string, number>();
  const { receive } = await after.story.createQueue('all');
  while (ids.some((id) => (queued.get(id) ?? 0) < copies.length)) {
    for (const { Body = '' } of await receive(1)) {
      const { id } = JSON.parse(Body) as { id: string };
      queued.set(id, (queued.get(id) ?? 0) + 1);
    }
  }
  expect([...queued.keys()].toSorted()).toEqual(ids.toSorted());
});

test('a reset removes buses, rules and targets, and new events are delivered afterwards', async () => {
  const stack = await ownStack();
  const story = createBusStory(stack);
  const create = async (): Promise<void> => {
    await story.createBus('orders');
    const Arn = await story.createDestination('shop', endpoint.origin);
    await story.putRule({ Name: 'all', EventBusName: 'orders', EventPattern: everyOrder }, { Arn, HttpParameters });
  };
  const event = (n: number) => ({ EventBusName: 'orders', Detail: JSON.stringify({ n }) });
  await create();
  await story.put(event(1));
  await requests.count(1);
  await fetch(`${stack.url}/_lastmile/reset`, { method: 'POST' });
  await expect(story.events.send(new ListRulesCommand({ EventBusName: 'orders' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
  await story.put(event(2));
  await create();
  await story.put(event(3));
  await requests.count(2);
  expect(requests.items.map(({ path }) => path)).toEqual(['/shop/1', '/shop/3']);
});
