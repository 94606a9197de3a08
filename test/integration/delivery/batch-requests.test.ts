import { InvokeCommand } from '@aws-sdk/client-lambda';
import { HTTP } from 'cloudevents';
import { expect, test } from 'vitest';
import type { Clients } from '../../fixtures/clients.ts';
import { comeBack, newMessage, type RateStory, sharedRate } from '../rate/rate-story.ts';

/* The messages of one invocation of deliver-queued go to an endpoint in batches, as the delivery policy says. */

let story: RateStory;
let clients: Clients;

sharedRate.override('answer', () => ({ path, body }) => {
  if (path.startsWith('/small') && body.length > 60) return { status: 413 };
  return { status: Number(/^\/status-([0-9]+)/.exec(path)?.[1] ?? 200) };
});

sharedRate.beforeAll(({ story: told, clients: opened }) => {
  [story, clients] = [told, opened];
});

const messagesTo = (name: string, count: number, target: object = {}) =>
  Array.from({ length: count }, () => newMessage(name, target));

async function setUp(path: string, Batch: object, members: { readonly rate?: number; readonly url?: string } = {}) {
  const InvocationEndpoint = `${story.endpoint.origin}${members.url ?? `/${path}`}`;
  const destination = await story.createDestination(path, members.rate ?? 10_000, { InvocationEndpoint });
  await destination.policy('Put', { Batch });
  const worker = await story.startWorker({ CACHE_SECONDS: '60', RETRY_BASE_DELAY_MS: '900000' });
  const requests = () => story.endpoint.requests.filter((request) => request.path.startsWith(`/${path}`));
  const idsOf = (body: string) => (JSON.parse(body) as readonly { readonly id: string }[]).map(({ id }) => id);
  return { ...destination, worker, requests, batches: () => requests().map(({ body }) => idsOf(body)) };
}

const idsIn = (messages: readonly { readonly body: string }[]) =>
  messages.map(({ body }) => (JSON.parse(body) as { readonly event: { readonly id: string } }).event.id);

test('ten events take one request and one slot of the rate', async () => {
  const { name, worker, batches, bucket, writes } = await setUp('ten', { Format: 'JSON_ARRAY' }, { rate: 1 });
  const messages = messagesTo(name, 10);
  expect(await worker.deliverQueued(...messages)).toEqual([]);
  expect(batches()).toEqual([idsIn(messages)]);
  // Ten slots of a second each would reach further.
  expect((await bucket()).slotsUntilUs / 1000 - Date.now()).toBeLessThan(2000);
  expect([writes(), worker.deferred()]).toEqual([1, []]);
});

test('the lines of NDJSON are the events, also if the text of an event has line breaks', async () => {
  const { name, worker, requests } = await setUp('lines', { Format: 'NDJSON' });
  const pretty = JSON.stringify({ apiDestination: name, event: { id: 'pretty', 'a b': ['\n'] } }, undefined, 2);
  await worker.deliverQueued({ body: pretty }, ...messagesTo(name, 1));
  const [{ body, headers } = expect.fail('No request came.')] = requests();
  const lines = body.split('\n').filter((line) => line !== '');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ id: 'pretty', 'a b': ['\n'] }, {}]);
  expect(headers['content-type']).toBe('application/x-ndjson');
});

test('the SDK of CloudEvents reads a batch of CloudEvents', async () => {
  const { name, worker, requests } = await setUp('cloud', { Format: 'CLOUDEVENTS_BATCH' });
  const messages = messagesTo(name, 3);
  await worker.deliverQueued(...messages);
  const [{ body, headers } = expect.fail('No request came.')] = requests();
  expect(requests()).toHaveLength(1);
  const read = HTTP.toEvent({ headers, body }) as readonly { readonly id: string }[];
  expect(read.map(({ id }) => id)).toEqual(idsIn(messages));
});

test('MaximumSize cuts a batch, and each part has an Idempotency-Key of its own', async () => {
  const { name, worker, batches, requests } = await setUp('cut', { Format: 'JSON_ARRAY', MaximumSize: 4 });
  await worker.deliverQueued(...messagesTo(name, 10));
  expect(
    batches()
      .map(({ length }) => length)
      .toSorted(),
  ).toEqual([2, 4, 4]);
  expect(new Set(requests().map(({ headers }) => headers['idempotency-key'])).size).toBe(3);
});

test('targets with other paths and headers give other requests', async () => {
  const { name, worker, requests } = await setUp('shops', { Format: 'JSON_ARRAY' }, { url: '/shops/*' });
  const to = (shop: string, header: string) =>
    messagesTo(name, 2, { HttpParameters: { PathParameterValues: [shop], HeaderParameters: { 'X-Region': header } } });
  await worker.deliverQueued(...to('a', 'eu'), ...to('b', 'eu'), ...to('a', 'us'), ...to('a', 'eu'));
  const sent = requests().map(({ path, headers, body }) => [
    path,
    headers['x-region'],
    (JSON.parse(body) as []).length,
  ]);
  expect(sent.toSorted()).toEqual([
    ['/shops/a', 'eu', 4],
    ['/shops/a', 'us', 2],
    ['/shops/b', 'eu', 2],
  ]);
});

test('a 413 halves a batch until its parts are small enough, and no event is sent to the dead letters', async () => {
  const { name, worker, batches } = await setUp('small', { Format: 'JSON_ARRAY' });
  const messages = messagesTo(name, 8);
  expect(await worker.deliverQueued(...messages)).toEqual([]);
  const accepted = batches().filter((ids) => JSON.stringify(ids.map((id) => ({ id }))).length <= 60);
  expect(accepted.flat().toSorted()).toEqual(idsIn(messages).toSorted());
  expect([worker.deferred(), await worker.deadLetters.receiveAll()]).toEqual([[], []]);
});

test('after a 500 each event of the batch waits by itself, with one attempt, and may come back in another batch', async () => {
  const { name, worker, batches, requests } = await setUp('status-500', { Format: 'JSON_ARRAY' });
  const messages = messagesTo(name, 3);
  expect(await worker.deliverQueued(...messages)).toEqual([]);
  const deferred = worker.deferred();
  expect(deferred.map(({ details }) => details['attempts'])).toEqual([1, 1, 1]);
  await worker.deliverQueued(...deferred.slice(1).map(comeBack));
  expect(batches()).toEqual([idsIn(messages), idsIn(messages).slice(1)]);
  const [before, after] = requests().map(({ headers }) => headers['idempotency-key']);
  expect(before).not.toBe(after);
});

test('after a 422 each event of the batch is a dead letter of its own', async () => {
  const { name, worker, batches } = await setUp('status-422', { Format: 'JSON_ARRAY' });
  const messages = messagesTo(name, 3);
  await worker.deliverQueued(...messages);
  const letters = await worker.deadLetters.receiveAll();
  expect(letters.map(({ Body = '' }) => (JSON.parse(Body) as { id: string }).id).toSorted()).toEqual(
    idsIn(messages).toSorted(),
  );
  expect(batches()).toHaveLength(1);
});

test('an array of 500 at deliver goes through the delivery queue, and its events arrive in batches of at most ten', async () => {
  const { name, batches } = await setUp('many', { Format: 'JSON_ARRAY' });
  const ids = Array.from({ length: 500 }, (_, index) => `many-${index}`);
  const Payload = JSON.stringify(ids.map((id) => ({ apiDestination: name, event: { id } })));
  await clients.lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
  const arrived = () => new Set(batches().flat());
  await expect.poll(() => arrived().size, { timeout: 60_000 }).toBe(500);
  expect([...arrived()].toSorted()).toEqual(ids.toSorted());
  const sizes = batches().map(({ length }) => length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
  expect(sizes.length).toBeLessThan(500);
});
