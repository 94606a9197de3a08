import { request } from 'node:http';
import { expect, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { sharedStack } from '../../fixtures/stack.ts';

let stack: Stack;

sharedStack.beforeAll(({ stack: started }) => {
  stack = started;
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Node's fetch does not let a caller choose the Host header. */
function call(method: string, path: string, headers: Record<string, string>, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = stack;
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

const paths = [
  ['GET', '/_lastmile/health'],
  ['POST', '/_lastmile/reset'],
  ['OPTIONS', '/'],
  ['POST', '/'],
  ['GET', '/123456789012/lastmile-local-deliveries?Action=PurgeQueue'],
  ['POST', '/123456789012/lastmile-local-deliveries'],
  ['POST', '/2015-03-31/functions/control-api/invocations'],
  ['GET', '/v1/apis/control/apikeys'],
  ['GET', '/'],
  ['DELETE', '/no/such/path'],
] as const;

const pages: readonly (readonly [string, (host: string) => Record<string, string>])[] = [
  ['of another origin', (host) => ({ host, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })],
  ['without an origin of its own', (host) => ({ host, origin: 'null' })],
  ['that sends no Origin', (host) => ({ host, 'sec-fetch-site': 'cross-site' })],
  ['at another port of this machine', (host) => ({ host, 'sec-fetch-site': 'same-site' })],
  ['whose name has the address of this machine', () => ({ host: 'rebound.evil.example' })],
];

const attacks = pages.flatMap(([page, headersOf]) =>
  paths.map(([method, path]) => [page, method, path, headersOf] as const),
);

test.each(attacks)('a web page %s is refused at %s %s', async (_page, method, path, headersOf) => {
  const form = 'Action=PurgeQueue&{"operation":"ListConnections"}';
  const answer = await call(
    method,
    path,
    { ...headersOf(`127.0.0.1:${stack.port}`), 'content-type': 'text/plain' },
    method === 'POST' ? form : '',
  );
  expect(answer.status).toBe(403);
  expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  expect(`${String(answer.headers['x-amzn-errortype'])} ${answer.body}`).toContain('AccessDeniedException');
  const health = await call('GET', '/_lastmile/health', { host: `localhost:${stack.port}` });
  expect(health).toMatchObject({ status: 200 });
});

test('a page of the stack itself, and a client that sends neither Origin nor Sec-Fetch-Site, are answered', async () => {
  const host = `127.0.0.1:${stack.port}`;
  const own = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
  for (const headers of [own, { host }]) {
    expect(await call('GET', '/_lastmile/health', headers)).toMatchObject({ status: 200 });
    expect(await call('POST', '/_lastmile/reset', headers)).toMatchObject({ status: 200 });
    const target = { 'x-amz-target': 'AWSEvents.ListConnections' };
    expect(await call('POST', '/', { ...headers, ...target }, '{}')).toMatchObject({ status: 200 });
  }
});

test('a client that calls the stack by an unknown host name gets the refusal in the format of its own protocol', async () => {
  const headers = { host: 'my-laptop:4010', 'x-amz-target': 'AWSEvents.ListConnections' };
  const { status, body } = await call('POST', '/', headers, '{}');
  expect([status, JSON.parse(body)]).toEqual([
    403,
    { __type: 'AccessDeniedException', message: expect.stringContaining('start it with --host') },
  ]);
});

test('a browser that asks the stack for a page gets the console, and a program that asks for the same gets an error in JSON', async () => {
  const host = `127.0.0.1:${stack.port}`;
  const browser = await call('GET', '/', { host, accept: 'text/html,application/xhtml+xml' });
  expect(browser.status).toBe(401);
  expect(browser.body).toContain('Open the console with the link that the command printed');
  const program = await call('GET', '/', { host, accept: '*/*' });
  expect([program.status, JSON.parse(program.body)]).toEqual([404, expect.objectContaining({ Type: 'User' })]);
});

test('the addresses of the services and of the stack itself are not those of the console, also for a browser', async () => {
  const headers = { host: `127.0.0.1:${stack.port}`, accept: 'text/html' };
  expect(await call('GET', '/_lastmile/health', headers)).toMatchObject({ status: 200 });
  const queue = '/123456789012/lastmile-local-deliveries?Action=GetQueueAttributes&AttributeName.1=QueueArn';
  expect((await call('GET', queue, headers)).body).toContain('<GetQueueAttributesResponse');
});
