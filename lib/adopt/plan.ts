import { parseEventsArn } from '../core/destination/arn.ts';
import { isJsonObject, withoutUndefined } from '../core/input/json.ts';
import { placeholder } from './credentials.ts';
import type { ApiDestination, Connection, EventBridgeState, LastmileState, Rule, Target } from './descriptions.ts';
import type { ConnectionChange, ConnectionStep, DestinationStep, Plan, Requirements, RuleStep } from './plan-steps.ts';
import { planRule, suffixed, type TargetDestination } from './plan-targets.ts';

export interface PlanOptions {
  readonly stage: string;
  /** Only these rules, each as `name` or `bus/name`; empty for all of them. */
  readonly rules: readonly string[];
  /** The endpoint that gets the same events beside the existing targets. */
  readonly shadow?: string;
  readonly copySecrets: boolean;
}

/** A name in the options that no rule has. */
export class UnknownRule extends Error {
  override readonly name = 'UnknownRule';
}

/**
 * Decides what one run does. It changes nothing, so the same descriptions give the same plan.
 *
 * @throws UnknownRule
 */
export function makePlan(source: EventBridgeState, lastmile: LastmileState, options: PlanOptions): Plan {
  const { partition, region, account } = source;
  const queueArn = `arn:${partition}:sqs:${region}:${account}:lastmile-${options.stage}-deliveries`;
  const rules = selected(source.rules, options.rules);
  const destinations = usedDestinations(source, rules, options);
  const connections = planConnections(source, lastmile, destinations, options);
  const planned = destinations.map((destination) => planDestination(destination, connections, lastmile, options));
  const destinationOf = (arn: string): TargetDestination => {
    const index = destinations.findIndex((destination) => destination.arn === arn);
    const step = planned[index];
    if (step === undefined) {
      return { name: parseEventsArn(arn)?.name ?? arn, problem: 'There is no API destination with its ARN.' };
    }
    return step.action === 'leave' ? { name: step.name, problem: step.reason } : { name: step.name };
  };
  const steps = rules
    .map((rule) => planRule(rule, { queueArn, destinationOf, isShadow: options.shadow !== undefined }))
    .filter(({ targets }) => targets.length > 0);
  return {
    account,
    region,
    stage: options.stage,
    queueArn,
    ...(options.shadow !== undefined && { shadow: options.shadow }),
    connections,
    destinations: planned,
    rules: steps,
    requirements: requirementsOf(source, connections, steps, options),
  };
}

function selected(rules: readonly Rule[], names: readonly string[]): readonly Rule[] {
  if (names.length === 0) return rules;
  const isNamed = ({ eventBusName, name }: Rule, given: string) =>
    given === name || given === `${eventBusName}/${name}`;
  const unknown = names.find((given) => !rules.some((rule) => isNamed(rule, given)));
  if (unknown !== undefined) throw new UnknownRule(`There is no rule ${unknown}.`);
  return rules.filter((rule) => names.some((given) => isNamed(rule, given)));
}

/** All API destinations, or those of the named rules. A shadow needs only those that rules use. */
function usedDestinations(
  { destinations }: EventBridgeState,
  rules: readonly Rule[],
  { rules: names, shadow }: PlanOptions,
): readonly ApiDestination[] {
  if (names.length === 0 && shadow === undefined) return destinations;
  const used = new Set(rules.flatMap(({ targets }) => targets.map(({ Arn }) => Arn)));
  return destinations.filter(({ arn }) => used.has(arn));
}

/** The connection of all shadow API destinations. It has no credentials, so none reach the shadow endpoint. */
export const shadowConnection = 'lastmile-shadow';

function planConnections(
  source: EventBridgeState,
  lastmile: LastmileState,
  destinations: readonly ApiDestination[],
  options: PlanOptions,
): readonly ConnectionStep[] {
  if (options.shadow !== undefined) {
    if (destinations.length === 0) return [];
    const isThere = lastmile.connections.some(({ name }) => name === shadowConnection);
    const action = isThere ? 'present' : 'create';
    return [{ action, name: shadowConnection, authorizationType: 'API_KEY', credentials: 'none' }];
  }
  const used = new Set(destinations.map(({ connectionArn }) => connectionArn));
  return source.connections
    .filter(({ arn }) => used.has(arn))
    .map((connection) => planConnection(connection, lastmile, options));
}

const movableTypes = new Set(['BASIC', 'API_KEY', 'OAUTH_CLIENT_CREDENTIALS']);

function planConnection(connection: Connection, lastmile: LastmileState, { copySecrets }: PlanOptions): ConnectionStep {
  const { name, authorizationType, secretArn, description } = connection;
  const leave = (reason: string): ConnectionStep => ({ action: 'leave', name, reason });
  if (connection.isPrivate)
    return leave('It goes through a private resource (ResourceParameters), which Lastmile does not have.');
  if (!movableTypes.has(authorizationType)) return leave(`Its authorization type is ${authorizationType}.`);
  if (secretArn === undefined) return leave('EventBridge does not show the secret of its credentials.');
  const existing = lastmile.connections.find((other) => other.name === name);
  if (existing !== undefined && existing.authorizationType !== authorizationType)
    return leave(`Lastmile has a connection of this name with the authorization type ${existing.authorizationType}.`);
  if (existing?.hasPlaceholder === true && copySecrets)
    return leave('An earlier run without --copy-secrets has not finished it. Leave out --copy-secrets once.');
  const change = { name, authorizationType, secretArn, ...withoutUndefined({ description }) };
  const credentials = copySecrets ? 'copied' : 'named by ARN';
  if (existing === undefined) return { action: 'create', credentials, ...change };
  return { action: existing.hasPlaceholder ? 'finish' : 'present', credentials, ...change };
}

function planDestination(
  destination: ApiDestination,
  connections: readonly ConnectionStep[],
  lastmile: LastmileState,
  { shadow }: PlanOptions,
): DestinationStep {
  const name = shadow === undefined ? destination.name : suffixed(destination.name, '-shadow');
  const leave = (reason: string): DestinationStep => ({ action: 'leave', name, reason });
  const connection = shadow === undefined ? parseEventsArn(destination.connectionArn)?.name : shadowConnection;
  const step = connections.find((other) => other.name === connection);
  if (step === undefined) return leave('Its connection does not exist.');
  if (step.action === 'leave') return leave(`Its connection ${step.name} cannot be moved.`);
  const { httpMethod, invocationRateLimitPerSecond, description } = destination;
  const invocationEndpoint =
    shadow === undefined ? destination.invocationEndpoint : shadowed(destination.invocationEndpoint, shadow);
  const existing = lastmile.destinations.find((other) => other.name === name);
  const differs = existing && differenceOf(existing, { connection: step.name, httpMethod, invocationEndpoint });
  if (differs !== undefined) return leave(`Lastmile has an API destination of this name with another ${differs}.`);
  return {
    action: existing === undefined ? 'create' : 'present',
    name,
    connection: step.name,
    input: {
      Name: name,
      InvocationEndpoint: invocationEndpoint,
      HttpMethod: httpMethod,
      ...withoutUndefined({ InvocationRateLimitPerSecond: invocationRateLimitPerSecond, Description: description }),
    },
  };
}

/** A rate or a description that somebody has changed in Lastmile does not count as a difference. */
function differenceOf(
  existing: ApiDestination,
  asked: { readonly connection: string; readonly httpMethod: string; readonly invocationEndpoint: string },
): string | undefined {
  if (existing.invocationEndpoint !== asked.invocationEndpoint) return 'InvocationEndpoint';
  if (existing.httpMethod !== asked.httpMethod) return 'HttpMethod';
  return parseEventsArn(existing.connectionArn)?.name === asked.connection ? undefined : 'connection';
}

/** The shadow endpoint with the path and the query of the original, so that path parameters still fit. */
function shadowed(endpoint: string, shadow: string): string {
  const [, rest = ''] = /^[a-z]+:\/\/[^/?#]*(.*)$/i.exec(endpoint) ?? [];
  return `${shadow.replace(/\/+$/, '')}${rest}`;
}

function requirementsOf(
  source: EventBridgeState,
  connections: readonly ConnectionStep[],
  rules: readonly RuleStep[],
  { shadow }: PlanOptions,
): Requirements {
  const named = connections
    .filter((step): step is ConnectionChange => step.action !== 'leave')
    .filter(({ action, credentials }) => action !== 'present' && credentials === 'named by ARN');
  const keys = named.map(({ name }) => source.connections.find((connection) => connection.name === name)?.kmsKey);
  const steps = rules.flatMap(({ targets }) => targets);
  const queues = steps.flatMap((step) => (step.action === 'replace' ? [deadLetterQueueOf(step.after)] : []));
  return {
    secretArns: distinct(named.map(({ secretArn }) => secretArn)),
    keyArns: distinct(keys),
    deadLetterQueueArns: shadow === undefined ? distinct(queues) : [],
  };
}

function deadLetterQueueOf(target: Target): string | undefined {
  const config = target['DeadLetterConfig'];
  return isJsonObject(config) ? String(config['Arn']) : undefined;
}

function distinct(texts: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(texts.filter((text) => text !== undefined))].sort();
}

/** Header of the requests that go to a shadow endpoint, in place of credentials. */
export const shadowParameters = {
  ApiKeyAuthParameters: { ApiKeyName: 'x-lastmile-shadow', ApiKeyValue: placeholder },
} as const;
