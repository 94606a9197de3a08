import type { ClaimedSigner } from '../../lib/local/stack/routes.ts';
import type { AuthorizedCall } from './evaluate.ts';

/** A request to an AWS service, as it was sent over the network. */
export interface WireRequest {
  readonly path: string;
  readonly target: string | undefined;
  readonly body: string;
}

interface Scope {
  readonly region: string;
  readonly account: string;
}

type Members = Readonly<Record<string, unknown>>;

/** The suffix that Secrets Manager adds to a secret's name in its ARN: any six characters. */
const secretSuffix = '-AbCdEf';

/**
 * Translates a request into the action and the resources that IAM checks.
 *
 * @throws Error for an operation that this function does not know
 */
export function authorizedCall(
  request: WireRequest,
  { service, region }: ClaimedSigner,
  account: string,
): AuthorizedCall {
  const scope = { region, account };
  const operation = request.target?.split('.').at(-1) ?? '';
  switch (service) {
    case 'dynamodb':
      return dynamoDbCall(operation, membersOf(request.body), scope);
    case 'sqs':
      return sqsCall(operation, membersOf(request.body), scope);
    case 'secretsmanager':
      return secretsCall(operation, membersOf(request.body), scope);
    case 'events':
      return eventsCall(operation, membersOf(request.body), scope);
    case 'lambda':
      return lambdaCall(request.path, scope);
    default:
      throw new Error(`Nothing is known of requests to ${service}.`);
  }
}

/**
 * The permission of a batch operation is that of the single operation, except for BatchGetItem. Source: SQS developer
 * guide, API permissions.
 */
function sqsCall(operation: string, input: Members, scope: Scope): AuthorizedCall {
  const name = textOf(input, 'QueueUrl').split('/').at(-1) ?? '';
  return { action: `sqs:${operation.replace(/Batch$/, '')}`, resources: [arn('sqs', name, scope)] };
}

function secretsCall(operation: string, input: Members, scope: Scope): AuthorizedCall {
  const id = textOf(input, operation === 'CreateSecret' ? 'Name' : 'SecretId');
  const resource = id.startsWith('arn:') ? id : arn('secretsmanager', `secret:${id}${secretSuffix}`, scope);
  return { action: `secretsmanager:${operation}`, resources: [resource] };
}

function eventsCall(operation: string, input: Members, scope: Scope): AuthorizedCall {
  if (operation !== 'PutEvents') throw new Error(`Nothing is known of ${operation}.`);
  const buses = (input['Entries'] as readonly Members[]).map((entry) => textOf(entry, 'EventBusName'));
  const resources = buses.map((bus) => (bus.startsWith('arn:') ? bus : arn('events', `event-bus/${bus}`, scope)));
  return { action: 'events:PutEvents', resources };
}

function lambdaCall(path: string, scope: Scope): AuthorizedCall {
  const [, name] = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(path) ?? [];
  if (name === undefined) throw new Error(`Nothing is known of ${path}.`);
  return { action: 'lambda:InvokeFunction', resources: [arn('lambda', `function:${name}`, scope)] };
}

function dynamoDbCall(operation: string, input: Members, scope: Scope): AuthorizedCall {
  const action = `dynamodb:${operation}`;
  if (operation === 'BatchGetItem') {
    const tables = Object.entries(input['RequestItems'] as Readonly<Record<string, { readonly Keys: Members[] }>>);
    return {
      action,
      resources: tables.map(([table]) => arn('dynamodb', `table/${table}`, scope)),
      leadingKeys: tables.flatMap(([, { Keys }]) => Keys.map(partitionKey)),
    };
  }
  const table = `table/${textOf(input, 'TableName')}`;
  const index = input['IndexName'];
  const resource = typeof index === 'string' ? `${table}/index/${index}` : table;
  const leadingKeys = [operation === 'Query' ? queriedKey(input) : partitionKey(input['Key'] ?? input['Item'])];
  return { action, resources: [arn('dynamodb', resource, scope)], leadingKeys };
}

function partitionKey(key: unknown): string {
  const { pk } = key as { readonly pk?: { readonly S?: string } };
  if (pk?.S === undefined) throw new Error('A request to the table names no partition key.');
  return pk.S;
}

/** The value in the first term of the key condition, which is the partition key. */
function queriedKey(input: Members): string {
  const [, placeholder = ''] = /^#?\w+ = (:\w+)/.exec(textOf(input, 'KeyConditionExpression')) ?? [];
  const values = input['ExpressionAttributeValues'] as Readonly<Record<string, { readonly S?: string }>>;
  const value = values[placeholder]?.S;
  if (value === undefined) throw new Error('A query names no partition key.');
  return value;
}

function arn(service: string, resource: string, { region, account }: Scope): string {
  return `arn:aws:${service}:${region}:${account}:${resource}`;
}

function membersOf(body: string): Members {
  return JSON.parse(body) as Members;
}

function textOf(members: Members, name: string): string {
  const value = members[name];
  if (typeof value !== 'string') throw new Error(`A request has no ${name}.`);
  return value;
}
