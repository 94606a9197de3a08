import { CreateApiDestinationCommand, CreateConnectionCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { functionVariables } from '../../lib/local/stack/environment.ts';
import { type Stack, startStack } from '../../lib/local/stack/stack.ts';
import { type RecordingEndpoint, startRecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { type ExecutionEnvironment, startEnvironment } from './execution-environment.ts';
import { type Relay, startRelay } from './relay.ts';

/** A secret that no output of a function may contain. */
export const secret = 'opensesame-canary';

/** The local stack, an endpoint, and functions in their own execution environments, which reach both through relays. */
export interface RuntimeWorld {
  readonly endpoint: RecordingEndpoint;
  /** The relay before AWS, which is the local stack. */
  readonly relay: Relay;
  /** The relay before the endpoint. */
  readonly endpointRelay: Relay;
  /** @param more variables in addition to those of the stack */
  start(functionName: string, more?: Readonly<Record<string, string>>): Promise<ExecutionEnvironment>;
  close(): Promise<void>;
}

export async function startRuntimeWorld(): Promise<RuntimeWorld> {
  const endpoint = await startRecordingEndpoint(({ path }) => ({ status: path === '/refusing' ? 400 : 200 }));
  const stack = await startStack({ port: 0 });
  const relay = await startRelay(stack.url);
  const endpointRelay = await startRelay(endpoint.origin);
  await createDestinations(stack, endpointRelay.url);
  const environments: ExecutionEnvironment[] = [];
  return {
    endpoint,
    relay,
    endpointRelay,
    async start(functionName, more = {}) {
      const variables = functionVariables(more, (queue) => `${relay.url}/123456789012/${queue}`);
      const environment = await startEnvironment(functionName, { ...variables, AWS_ENDPOINT_URL: relay.url });
      environments.push(environment);
      return environment;
    },
    async close() {
      await Promise.all(environments.map((environment) => environment.stop()));
      await Promise.all([relay.close(), endpointRelay.close()]);
      await Promise.all([stack.stop(), endpoint.close()]);
    },
  };
}

async function createDestinations({ url }: Stack, origin: string): Promise<void> {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'thing' };
  const events = new EventBridgeClient({ region: 'us-east-1', endpoint: url, credentials });
  const { ConnectionArn } = await events.send(
    new CreateConnectionCommand({
      Name: 'shop',
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: secret } },
    }),
  );
  for (const Name of ['orders', 'refusing']) {
    const InvocationEndpoint = `${origin}/${Name}`;
    await events.send(new CreateApiDestinationCommand({ Name, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' }));
  }
  events.destroy();
}
