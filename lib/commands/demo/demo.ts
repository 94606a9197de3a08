import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DescribeConnectionCommand,
  EventBridgeClient,
} from '@aws-sdk/client-eventbridge';
import type { CreateConnectionRequest } from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { createLambdaClient } from '../../adapters/aws/clients.ts';
import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { isJsonObject } from '../../core/input/json.ts';
import { startStack } from '../../local/stack/stack.ts';
import type { DemoEndpoint } from './demo-servers.ts';
import { oauthClient, startEndpoint, startOAuthProvider } from './demo-servers.ts';
import { commandLine, Exit, helpFlag, packageFolder, parseCommandLine, runCommand } from '../command.ts';

const usage = `Starts its own stack, endpoints and OAuth provider, sends every sample event, and prints which events arrived.

  ${commandLine('demo')}

  --help   show this text

Exit status: 0 every event arrived, 1 an event did not arrive, 2 wrong usage.`;

/** Folder of the sample events. The package has it too. */
const eventsFolder = join(packageFolder, 'test', 'events');

interface Row {
  readonly sample: string;
  readonly apiDestination: string;
  readonly outcome: string;
  readonly status: string;
  readonly attempts: string;
  readonly durationMs: string;
  readonly arrived: boolean;
  readonly reason: string | undefined;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A connection of each authorization type, and how its endpoint checks the credentials. */
function connectionsFor(tokenEndpoint: string, acceptsToken: (token: string) => Promise<boolean>) {
  const basic = `Basic ${Buffer.from('demo:demo-password').toString('base64')}`;
  return [
    {
      name: 'demo-basic',
      AuthorizationType: 'BASIC',
      AuthParameters: { BasicAuthParameters: { Username: 'demo', Password: 'demo-password' } },
      isAuthorized: async (headers: Headers) => headers['authorization'] === basic,
    },
    {
      name: 'demo-api-key',
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-demo-key', ApiKeyValue: 'demo-key' } },
      isAuthorized: async (headers: Headers) => headers['x-demo-key'] === 'demo-key',
    },
    {
      name: 'demo-oauth',
      AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      AuthParameters: {
        OAuthParameters: {
          ClientParameters: { ClientID: oauthClient.id, ClientSecret: oauthClient.secret },
          AuthorizationEndpoint: tokenEndpoint,
          HttpMethod: 'POST',
        },
      },
      isAuthorized: (headers: Headers) => acceptsToken(String(headers['authorization']).replace('Bearer ', '')),
    },
  ] as const satisfies readonly (Omit<CreateConnectionRequest, 'Name'> & {
    readonly name: string;
    readonly isAuthorized: (headers: Headers) => Promise<boolean>;
  })[];
}

/** Returns the samples as inputs for `deliver`. A batch of queue messages becomes one sample for each message. */
async function readSamples(): Promise<{ sample: string; envelope: JsonObject }[]> {
  const files = (await readdir(eventsFolder)).filter((file) => file.endsWith('.json')).sort();
  const samples = [];
  for (const file of files) {
    const event: unknown = JSON.parse(await readFile(join(eventsFolder, file), 'utf8'));
    for (const envelope of envelopesIn(event)) samples.push({ sample: file.replace('.json', ''), envelope });
  }
  return samples;
}

function envelopesIn(event: unknown): JsonObject[] {
  if (!isJsonObject(event)) return [];
  if ('event' in event) return [event];
  const records = event['Records'];
  if (!Array.isArray(records)) return [{ event }];
  return records.flatMap((record: JsonValue) => (isJsonObject(record) ? envelopesIn(parsed(record['body'])) : []));
}

function parsed(body: JsonValue | undefined): unknown {
  return typeof body === 'string' ? JSON.parse(body) : undefined;
}

function hasPathParameters({ target }: JsonObject): boolean {
  const parameters = isJsonObject(target) ? target['HttpParameters'] : undefined;
  return isJsonObject(parameters) && 'PathParameterValues' in parameters;
}

async function waitUntilAuthorized(events: EventBridgeClient, name: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const { ConnectionState } = await events.send(new DescribeConnectionCommand({ Name: name }));
    if (ConnectionState === 'AUTHORIZED') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Connection ${name} was not authorized in time.`);
}

async function runDemo(): Promise<Row[]> {
  const provider = await startOAuthProvider();
  const stack = await startStack({ port: 0, output: { line: () => undefined, error: console.error } });
  const endpoints: DemoEndpoint[] = [];
  const aws = {
    region: 'us-east-1',
    endpoint: stack.url,
    credentials: { accessKeyId: 'demo', secretAccessKey: 'demo' },
  };
  const events = new EventBridgeClient(aws);
  const lambda = createLambdaClient(aws);
  try {
    const destinations = [];
    for (const { name, isAuthorized, ...connection } of connectionsFor(provider.url, provider.accepts)) {
      const endpoint = await startEndpoint(isAuthorized);
      endpoints.push(endpoint);
      const { ConnectionArn } = await events.send(new CreateConnectionCommand({ Name: name, ...connection }));
      for (const destination of [
        { Name: name, InvocationEndpoint: `${endpoint.url}/events` },
        { Name: `${name}-by-order`, InvocationEndpoint: `${endpoint.url}/orders/*` },
      ]) {
        const request = { ...destination, ConnectionArn, HttpMethod: 'POST' } as const;
        await events.send(new CreateApiDestinationCommand(request));
      }
      await waitUntilAuthorized(events, name);
      destinations.push({ name, endpoint });
    }
    const rows: Row[] = [];
    for (const { sample, envelope } of await readSamples()) {
      const chosen = destinations[rows.length % destinations.length];
      if (chosen === undefined) break;
      const before = chosen.endpoint.arrivals.length;
      const apiDestination = hasPathParameters(envelope) ? `${chosen.name}-by-order` : chosen.name;
      const Payload = JSON.stringify({ ...envelope, apiDestination });
      const answer = await lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
      const conclusion: JsonObject = JSON.parse(answer.Payload?.transformToString() ?? '{}');
      rows.push(rowOf(sample, apiDestination, conclusion, chosen.endpoint.arrivals.length === before + 1));
    }
    return rows;
  } finally {
    events.destroy();
    lambda.destroy();
    await stack.stop();
    await Promise.all([provider, ...endpoints].map((server) => server.close()));
  }
}

function rowOf(sample: string, apiDestination: string, conclusion: JsonObject, arrived: boolean): Row {
  const text = (member: string) => String(conclusion[member] ?? '-');
  return {
    sample,
    apiDestination,
    outcome: String(conclusion['outcome'] ?? conclusion['errorMessage'] ?? 'failed'),
    status: text('status'),
    attempts: text('attempts'),
    durationMs: text('durationMs'),
    arrived,
    reason: conclusion['code'] === undefined ? undefined : `${text('code')}: ${text('reason')}`,
  };
}

function printTable(rows: readonly Row[]): void {
  const header = ['sample', 'API destination', 'outcome', 'status', 'attempts', 'ms', 'arrived'];
  const lines = rows.map((row) => [
    row.sample,
    row.apiDestination,
    row.outcome,
    row.status,
    row.attempts,
    row.durationMs,
    row.arrived ? 'yes' : 'NO',
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  for (const line of [header, ...lines]) {
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

async function main(args: string[]): Promise<number> {
  const { values } = parseCommandLine('demo', args, helpFlag);
  if (values.help === true) throw new Exit(0, usage);
  const rows = await runDemo();
  printTable(rows);
  for (const reason of new Set(rows.flatMap((row) => row.reason ?? []))) console.log(`\n${reason}`);
  const missing = rows.filter((row) => !row.arrived).length;
  console.log(
    missing === 0 ? `\nAll ${rows.length} events arrived.` : `\n${missing} of ${rows.length} events did not arrive.`,
  );
  return missing === 0 && rows.length > 0 ? 0 : 1;
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
