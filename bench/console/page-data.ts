/*
 * Measures how long the pages of the console wait for their data, with few and with many API destinations.
 *
 *   node bench/console/page-data.ts
 */
import { startStack } from '../../lib/local/stack/stack.ts';
import { printFigure, printTable } from '../figure.ts';

/** The performance page has no goal for the console, so this is the goal of the cold start. */
const goal = 5;
const few = 30;
/** The quota of a region. */
const many = 3000;
const rounds = 40;
const mostMs = 200;

const stack = await startStack({ port: 0 });
const opened = await fetch(stack.consoleUrl, { redirect: 'manual', headers: { accept: 'text/html' } });
const [cookie = ''] = opened.headers.getSetCookie()[0]?.split(';') ?? [];
const headers = { cookie, origin: stack.url, 'content-type': 'application/json' };

async function call(operation: string, input: object): Promise<Readonly<Record<string, unknown>>> {
  const body = JSON.stringify({ operation, input, region: 'us-east-1' });
  const answer = await fetch(`${stack.url}/_console/api`, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`${operation}: ${await answer.text()}`);
  return (await answer.json()) as Readonly<Record<string, unknown>>;
}

const page = { Limit: 50 };

/** The calls that a page makes when it is opened. */
const pages: Readonly<Record<string, () => Promise<unknown>>> = {
  'API destinations': () => Promise.all([call('ListApiDestinations', page), call('ListDestinationHealth', page)]),
  'API destinations, filtered': () => {
    const filtered = { ...page, NamePrefix: 'destination-00' };
    return Promise.all([call('ListApiDestinations', filtered), call('ListDestinationHealth', filtered)]);
  },
  'an API destination': () =>
    Promise.all([
      call('DescribeApiDestination', { Name: 'destination-0007' }),
      call('GetDestinationHealth', { Name: 'destination-0007' }),
      call('DescribeConnection', { Name: 'shop' }),
    ]),
  'a connection and its API destinations': async () => {
    const { ConnectionArn } = await call('DescribeConnection', { Name: 'shop' });
    return await call('ListApiDestinations', { ConnectionArn, Limit: 10 });
  },
};

async function create(from: number, to: number, connectionArn: unknown): Promise<void> {
  for (let number = from; number < to; number += 1) {
    await call('CreateApiDestination', {
      Name: `destination-${String(number).padStart(4, '0')}`,
      ConnectionArn: connectionArn,
      InvocationEndpoint: 'https://example.com/orders',
      HttpMethod: 'POST',
    });
  }
}

async function p95OfPages(): Promise<Readonly<Record<string, number>>> {
  const measured: Record<string, number> = {};
  for (const [name, load] of Object.entries(pages)) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const startedMs = performance.now();
      await load();
      times.push(performance.now() - startedMs);
    }
    measured[name] = times.sort((one, other) => one - other)[Math.floor(rounds * 0.95)] ?? Number.NaN;
  }
  return measured;
}

const { ConnectionArn } = await call('CreateConnection', {
  Name: 'shop',
  AuthorizationType: 'API_KEY',
  AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'v' } },
});
await create(0, few, ConnectionArn);
await p95OfPages();
const withFew = await p95OfPages();
await create(few, many, ConnectionArn);
const withMany = await p95OfPages();
await stack.stop();
for (const name of Object.keys(pages)) {
  const [fewMs = Number.NaN, manyMs = Number.NaN] = [withFew[name], withMany[name]];
  const what = `the data of the page "${name}" with ${many} API destinations`;
  const broken = manyMs > mostMs;
  printFigure({ goal, name: `${what}, p95, milliseconds`, value: manyMs, target: `<= ${mostMs}`, broken });
  printFigure({ goal, name: `${what}, p95 as a multiple of that with ${few}`, value: manyMs / fewMs, target: 'none' });
}
printTable();
