import { expect, test } from 'vitest';
import { RepeatedLine, reportUnknownOperations } from '../../../../lib/local/stack/repeated-line.ts';
import type { Route } from '../../../../lib/local/stack/routes.ts';
import type { LocalRequest } from '../../../../lib/local/stack/wire.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function newLine() {
  const clock = createManualClock();
  const written: [number, string][] = [];
  const line = new RepeatedLine<string>(clock, (count, last) => void written.push([count, last]));
  return { clock, line, written };
}

test('events of one request make one line with their count and the details of the last one', async () => {
  const { line, written } = newLine();
  for (const details of ['a', 'b', 'c']) line.add(details);
  await turn();
  expect(written).toEqual([[3, 'c']]);
});

test('events within a second after a line make one more line at the end of that second', async () => {
  const { clock, line, written } = newLine();
  line.add('a');
  await turn();
  for (let count = 0; count < 500; count += 1) line.add(`b${count}`);
  await clock.advance(999);
  expect(written).toEqual([[1, 'a']]);
  await clock.advance(1);
  expect(written).toEqual([
    [1, 'a'],
    [500, 'b499'],
  ]);
});

test('after a second without events no timer is left, and a line for the next event is written at once', async () => {
  const { clock, line, written } = newLine();
  line.add('a');
  await turn();
  await clock.advance(1000);
  await turn();
  expect(clock.sleeperCount()).toBe(0);
  line.add('b');
  await turn();
  expect(written).toEqual([
    [1, 'a'],
    [1, 'b'],
  ]);
});

test('stopping the repeated line writes the events that still wait and leaves no timer', async () => {
  const { clock, line, written } = newLine();
  line.add('a');
  await turn();
  line.add('b');
  line.stop();
  await turn();
  expect(written).toEqual([
    [1, 'a'],
    [1, 'b'],
  ]);
  expect(clock.sleeperCount()).toBe(0);
});

test('requests for unknown operations are reported in lines without control characters, and other requests are not', async () => {
  const lines: string[] = [];
  const refused = { status: 400, headers: { 'x-amzn-errortype': 'UnknownOperationException' }, body: '' };
  const found = { status: 200, headers: {}, body: '' };
  const route: Route = {
    service: 'events',
    protocol: 'awsJson1_1',
    maxBodyBytes: 1,
    serve: async ({ path }) => (path === '/found' ? found : refused),
  };
  const { routes, stop } = reportUnknownOperations([route], createManualClock(), (text) => void lines.push(text));
  const request = { method: 'POST', query: '', headers: {}, body: Buffer.alloc(0) } as unknown as LocalRequest;
  const serve = async (more: Partial<LocalRequest>) => await routes[0]?.serve({ ...request, ...more });
  expect(await serve({ path: '/found' })).toBe(found);
  expect(await serve({ path: '/', headers: { 'x-amz-target': 'AWSEvents.Create\u001bArchive' } })).toBe(refused);
  await turn();
  await serve({ path: '/v1/apis' });
  await serve({ path: '/v1/apis' });
  stop();
  expect(lines).toEqual([
    '1 request asked for an operation that this stack does not have. The last one: AWSEvents.Create?Archive.',
    '2 requests asked for an operation that this stack does not have. The last one: events POST /v1/apis.',
  ]);
});
