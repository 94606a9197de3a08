import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import type { AwsClientConfig } from '../../../lib/adapters/aws/clients.ts';
import { createSecretsManagerService } from '../../../lib/local/secrets-manager/secrets-manager.ts';

/** The local stack's Secrets Manager on its own port, in memory. */
export interface SecretsManagerServer {
  readonly endpoint: string;
  readonly clientConfig: Required<AwsClientConfig>;
  stop(): Promise<void>;
}

const region = 'us-east-1';

/** @param running the endpoint of a Secrets Manager that already runs, to be used instead of the local stack's */
export async function startSecretsManagerServer(running?: string): Promise<SecretsManagerServer> {
  if (running !== undefined) return { endpoint: running, clientConfig: configOf(running), stop: async () => {} };
  const database = new DatabaseSync(':memory:');
  const service = createSecretsManagerService({
    account: '123456789012',
    database,
    nowMs: () => Date.now(),
    prepareRegion: () => {},
  });
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const answer = await service({
      method: incoming.method ?? 'POST',
      path: incoming.url ?? '/',
      query: '',
      headers: { 'x-amz-target': String(incoming.headers['x-amz-target']) },
      body: Buffer.concat(chunks),
      region,
      accessKeyId: 'test',
      host: incoming.headers.host ?? '',
      sourceAddress: '127.0.0.1',
    });
    outgoing.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    clientConfig: configOf(endpoint),
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      database.close();
    },
  };
}

function configOf(endpoint: string): Required<AwsClientConfig> {
  return { region, endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}
