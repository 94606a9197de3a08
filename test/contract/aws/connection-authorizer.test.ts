import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createLambdaClient } from '../../../lib/adapters/aws/clients.ts';
import { createLambdaConnectionAuthorizer } from '../../../lib/adapters/aws/connection-authorizer.ts';

interface Invocation {
  readonly path: string | undefined;
  readonly type: string | undefined;
  readonly payload: unknown;
}

async function withLambda(status: number, body: string, use: (endpoint: string) => Promise<void>) {
  const invocations: Invocation[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const payload: unknown = JSON.parse(Buffer.concat(chunks).toString());
    invocations.push({ path: incoming.url, type: String(incoming.headers['x-amz-invocation-type']), payload });
    outgoing.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return invocations;
}

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

test("the authorizer function is invoked asynchronously with only the connection's name and incarnation", async () => {
  const invocations = await withLambda(202, '', async (endpoint) => {
    const client = createLambdaClient({ region: 'us-east-1', endpoint, credentials });
    const connection = { name: 'orders', incarnation: 'orders-1', secretName: 'not to be sent' };
    await createLambdaConnectionAuthorizer(client, 'lastmile-test-authorize-connection').start(connection);
  });
  expect(invocations).toEqual([
    {
      path: '/2015-03-31/functions/lastmile-test-authorize-connection/invocations',
      type: 'Event',
      payload: { name: 'orders', incarnation: 'orders-1' },
    },
  ]);
});

test('starting an authorization fails with StoreRefused when Lambda denies access to the authorizer function', async () => {
  const body = JSON.stringify({ __type: 'AccessDeniedException', message: 'no' });
  await withLambda(403, body, async (endpoint) => {
    const client = createLambdaClient({ region: 'us-east-1', endpoint, credentials });
    const started = createLambdaConnectionAuthorizer(client, 'authorize').start({ name: 'a', incarnation: 'b' });
    await expect(started).rejects.toMatchObject({ code: 'StoreRefused' });
  });
});
