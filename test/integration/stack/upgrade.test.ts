import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ownEndpoint, ownFolder } from '../../fixtures/stack.ts';
import type { EndpointAnswer, RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { buildStack, type StackBuild } from '../../servers/aws/stack-build.ts';
import { letDelaysPass, type RunningVersion, startVersion, storedIn } from './upgrade-story.ts';

/* Two versions of the stack use one data folder, one after the other. Between them the test ends all delays in the store. */

type Version = 'this' | 'newer messages' | 'newer items';

const builds: Partial<Record<Version, StackBuild>> = {};
const running = new Set<RunningVersion>();
let dataDir: string;
let endpoint: RecordingEndpoint;
let answer: (id: string) => EndpointAnswer | Promise<EndpointAnswer>;

const accepts = (): EndpointAnswer => ({ status: 204 });
/** The Retry-After is longer than an invocation waits, so the delivery is deferred. */
const fails = (): EndpointAnswer => ({ status: 500, headers: { 'retry-after': '2' } });
const silent = new Promise<EndpointAnswer>(() => undefined);

beforeAll(async () => {
  builds.this = await buildStack({ messageVersion: 1, itemVersion: 1 });
  builds['newer messages'] = await buildStack({ messageVersion: 2, itemVersion: 1 });
  builds['newer items'] = await buildStack({ messageVersion: 2, itemVersion: 2 });
});

afterAll(() => {
  for (const build of Object.values(builds)) build.remove();
});

beforeEach(async () => {
  dataDir = ownFolder('lastmile-upgrade-');
  endpoint = await ownEndpoint(({ body }) => answer(idOf(body)));
});

afterEach(async () => {
  for (const each of running) await each.kill();
  running.clear();
});

async function start(version: Version): Promise<RunningVersion> {
  const build = builds[version];
  if (build === undefined) throw new Error(`There is no build of ${version}.`);
  const started = await startVersion(build, dataDir);
  running.add(started);
  return started;
}

const idOf = (text: string) => (JSON.parse(text) as { readonly id: string }).id;
const idsOf = (texts: readonly string[]): readonly string[] => [...new Set(texts.map(idOf))].toSorted();
const requestedIds = (from = 0) => idsOf(endpoint.requests.slice(from).map(({ body }) => body));

const queued = ['e-1', 'e-2', 'e-3', 'e-4', 'e-5'];
const handed = ['e-6', 'e-7', 'e-8'];
const all = [...queued, ...handed];
/** JSON that changes when JavaScript parses and prints it. */
const textOf = (id: string) => `{"id":"${id}", "price": 1.0, "number": 9007199254740993}`;

test('no event is lost in an upgrade or a rollback with deliveries in flight', async () => {
  const [unanswered, deferred] = [
    ['e-1', 'e-2', 'e-6'],
    ['e-3', 'e-4', 'e-5', 'e-7', 'e-8'],
  ];
  answer = (id) => (unanswered.includes(id) ? silent : fails());
  const first = await start('this');
  await first.createDestination('orders', `${endpoint.origin}/`);
  for (const id of queued) await first.queue('orders', textOf(id));
  for (const id of handed) await first.invoke('orders', textOf(id));
  await expect.poll(() => requestedIds(), { timeout: 100_000 }).toEqual(all);
  await first.told('deferred', deferred);
  // The queue holds each event once, except the unanswered e-6, which is kept as an invocation.
  await expect.poll(() => first.messageCount(), { timeout: 100_000 }).toBe(7);
  await first.kill();

  answer = fails;
  const upgraded = await start('newer messages');
  await upgraded.told('deferred', all);
  await expect.poll(() => upgraded.messageCount(), { timeout: 100_000 }).toBe(8);
  await upgraded.stop();
  const written = storedIn(dataDir, 'deliveries');
  expect(idsOf(written.map(({ body }) => body))).toEqual(all);
  const versions = written.map(
    ({ attributes }) => JSON.parse(attributes['LASTMILE']?.StringValue ?? '{}').v as unknown,
  );
  expect(new Set(versions)).toEqual(new Set([2]));

  letDelaysPass(dataDir);
  const requested = endpoint.requests.length;
  const rolledBack = await start('this');
  const isPassedOn = (line: string) => line.includes('  deferred  ') && line.includes('NewerVersion');
  await rolledBack.process.printed((lines) => lines.filter(isPassedOn).length >= written.length);
  await rolledBack.stop();
  expect(endpoint.requests).toHaveLength(requested);
  expect(storedIn(dataDir, 'deliveries')).toEqual(written.map((message) => ({ ...message, delayMs: 900_000 })));

  letDelaysPass(dataDir);
  answer = accepts;
  const again = await start('newer messages');
  await again.told('delivered', all);
  await again.stop();
  expect(requestedIds(requested)).toEqual(all);
  const last = endpoint.requests.slice(requested).map(({ body }) => body);
  expect(last).toEqual(expect.arrayContaining(queued.map(textOf)));
  expect(storedIn(dataDir, 'deliveries')).toEqual([]);
  expect(storedIn(dataDir, 'dead-letters')).toEqual([]);
});

test('deliveries that only the newer version can read wait unchanged during a rollback', async () => {
  answer = accepts;
  const upgraded = await start('newer items');
  await upgraded.createDestination('later', `${endpoint.origin}/`);
  await upgraded.stop();

  const rolledBack = await start('this');
  await rolledBack.queue('later', textOf('e-1'));
  await rolledBack.invoke('later', textOf('e-2'));
  await rolledBack.told('deferred', ['e-1', 'e-2']);
  expect(rolledBack.process.stdout()).toContain(
    "NewerVersion: The API destination 'later' has version 2, and this worker reads up to 1.",
  );
  await expect(rolledBack.describeDestination('later')).rejects.toThrow('newer version of this service');
  await rolledBack.stop();
  expect(endpoint.requests).toEqual([]);

  const again = await start('newer items');
  await again.told('delivered', ['e-1', 'e-2']);
  expect(await again.describeDestination('later')).toMatchObject({ Name: 'later' });
});
