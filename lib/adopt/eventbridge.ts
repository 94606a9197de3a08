import {
  DescribeApiDestinationCommand,
  DescribeConnectionCommand,
  type EventBridgeClient,
  ListApiDestinationsCommand,
  ListConnectionsCommand,
  ListEventBusesCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutTargetsCommand,
  type PutTargetsCommandOutput,
  RemoveTargetsCommand,
  type RemoveTargetsCommandOutput,
} from '@aws-sdk/client-eventbridge';
import type { JsonObject } from '../core/input/json.ts';
import { isJsonObject, withoutUndefined } from '../core/input/json.ts';
import type { ApiDestination, Connection, EventBridgeState, Rule, Target } from './descriptions.ts';

/** The targets of rules, which are all that this tool changes in EventBridge. */
export interface RuleTargets {
  list(eventBusName: string, rule: string): Promise<readonly Target[]>;
  put(eventBusName: string, rule: string, targets: readonly Target[]): Promise<void>;
  remove(eventBusName: string, rule: string, ids: readonly string[]): Promise<void>;
}

export function createRuleTargets(client: EventBridgeClient): RuleTargets {
  return {
    list: (eventBusName, rule) => listTargets(client, eventBusName, rule),
    async put(EventBusName, Rule, targets) {
      const input = { EventBusName, Rule, Targets: targets as never };
      requireAll(await client.send(new PutTargetsCommand(input)));
    },
    async remove(EventBusName, Rule, ids) {
      requireAll(await client.send(new RemoveTargetsCommand({ EventBusName, Rule, Ids: [...ids] })));
    },
  };
}

/** @throws Error that names the targets that were refused */
function requireAll(answer: PutTargetsCommandOutput | RemoveTargetsCommandOutput): void {
  const { FailedEntries = [] } = answer;
  if (FailedEntries.length === 0) return;
  const refused = FailedEntries.map(({ TargetId, ErrorCode }) => `${TargetId} (${ErrorCode})`);
  throw new Error(`EventBridge refused the targets ${refused.join(', ')}.`);
}

/** Reads everything that can be moved, in the region of the client. */
export async function readEventBridge(client: EventBridgeClient): Promise<EventBridgeState> {
  const buses = await listed((NextToken) => client.send(new ListEventBusesCommand({ NextToken })), 'EventBuses');
  const [, partition = 'aws', , region = '', account = ''] = String(buses[0]?.['Arn']).split(':');
  const rules: Rule[] = [];
  for (const { Name } of buses) rules.push(...(await readRules(client, String(Name))));
  const destinations = await listed(
    (NextToken) => client.send(new ListApiDestinationsCommand({ NextToken })),
    'ApiDestinations',
  );
  const connections = await listed(
    (NextToken) => client.send(new ListConnectionsCommand({ NextToken })),
    'Connections',
  );
  const used = new Set(destinations.map(({ ConnectionArn }) => ConnectionArn));
  return {
    partition,
    region,
    account,
    rules,
    destinations: await inParallel(destinations, ({ Name }) => readDestination(client, String(Name))),
    connections: await inParallel(
      connections.filter(({ ConnectionArn }) => used.has(ConnectionArn)),
      ({ Name }) => readConnection(client, String(Name)),
    ),
  };
}

async function readRules(client: EventBridgeClient, EventBusName: string): Promise<readonly Rule[]> {
  const rules = await listed((NextToken) => client.send(new ListRulesCommand({ EventBusName, NextToken })), 'Rules');
  return await inParallel(rules, async ({ Name, ManagedBy }) => ({
    eventBusName: EventBusName,
    name: String(Name),
    ...(ManagedBy !== undefined && { managedBy: String(ManagedBy) }),
    targets: await listTargets(client, EventBusName, String(Name)),
  }));
}

async function listTargets(client: EventBridgeClient, EventBusName: string, Rule: string) {
  const targets = await listed(
    (NextToken) => client.send(new ListTargetsByRuleCommand({ EventBusName, Rule, NextToken })),
    'Targets',
  );
  return targets as readonly Target[];
}

async function readDestination(client: EventBridgeClient, Name: string): Promise<ApiDestination> {
  return apiDestinationIn(plain(await client.send(new DescribeApiDestinationCommand({ Name }))));
}

/** @param described the answer of DescribeApiDestination, or an entry of ListApiDestinations */
export function apiDestinationIn(described: JsonObject): ApiDestination {
  const { InvocationRateLimitPerSecond: rate, Description: description } = described;
  return {
    name: String(described['Name']),
    arn: String(described['ApiDestinationArn']),
    connectionArn: String(described['ConnectionArn']),
    invocationEndpoint: String(described['InvocationEndpoint']),
    httpMethod: String(described['HttpMethod']),
    ...(typeof rate === 'number' && { invocationRateLimitPerSecond: rate }),
    ...(typeof description === 'string' && { description }),
  };
}

async function readConnection(client: EventBridgeClient, Name: string): Promise<Connection> {
  const described = plain(await client.send(new DescribeConnectionCommand({ Name })));
  const { Description: description, SecretArn: secretArn, KmsKeyIdentifier: kmsKey, AuthParameters } = described;
  const authParameters = isJsonObject(AuthParameters) ? AuthParameters : {};
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  return {
    name: Name,
    arn: String(described['ConnectionArn']),
    authorizationType: String(described['AuthorizationType']),
    authParameters,
    // The first is the way to the endpoint, the second the way to the token endpoint.
    isPrivate:
      described['InvocationConnectivityParameters'] !== undefined ||
      authParameters['ConnectivityParameters'] !== undefined,
    ...withoutUndefined({ description: text(description), secretArn: text(secretArn), kmsKey: text(kmsKey) }),
  };
}

/** All entries of a list that comes in pages. */
async function listed(
  page: (nextToken: string | undefined) => Promise<object>,
  member: string,
): Promise<readonly JsonObject[]> {
  const entries: JsonObject[] = [];
  let token: string | undefined;
  do {
    const answer = plain(await page(token));
    const list = answer[member];
    if (Array.isArray(list)) entries.push(...(list as readonly JsonObject[]));
    token = answer['NextToken'] === undefined ? undefined : String(answer['NextToken']);
  } while (token !== undefined);
  return entries;
}

/** An answer of the SDK as JSON: without undefined members, and with its members in the order in which they came. */
function plain(answer: object): JsonObject {
  return JSON.parse(JSON.stringify(answer)) as JsonObject;
}

/** EventBridge allows 50 calls a second and more. */
const parallelCalls = 5;

async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const queue = [...items.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: parallelCalls }, worker));
  return results;
}
