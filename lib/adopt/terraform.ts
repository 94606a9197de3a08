import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';
import { logicalId } from './cloudformation.ts';
import type { EventBridgeState } from './descriptions.ts';
import type { ConnectionChange, DestinationChange, Plan, RuleStep, TargetStep } from './plan-steps.ts';
import { shadowParameters } from './plan.ts';

/*
 * Terraform's own provider cannot set a connection policy. So its version of the plan reads EventBridge's secret, and Terraform keeps
 * the credentials in its state, as it does for every connection.
 */

/** The plan in the JSON syntax of Terraform (`*.tf.json`), for the AWS provider. */
export function terraformOf(plan: Plan, source: EventBridgeState): JsonObject {
  const connections = plan.connections.filter((step): step is ConnectionChange => step.action !== 'leave');
  const destinations = plan.destinations.filter((step): step is DestinationChange => step.action !== 'leave');
  const targets = plan.rules.flatMap((rule) => rule.targets.flatMap((step) => targetResource(rule, step)));
  const secrets = connections.flatMap(({ name, secretArn }): Entry[] =>
    secretArn === undefined ? [] : [[resourceName(name), { secret_id: secretArn }]],
  );
  return {
    terraform: { required_providers: { aws: { source: 'hashicorp/aws' } } },
    variable: {
      lastmile_url: { description: 'Output ControlApiUrl of the stack of Lastmile' },
      lastmile_key: { description: 'A key of the API control of Lastmile', sensitive: true },
    },
    provider: [
      { aws: { region: plan.region } },
      {
        aws: {
          alias: 'lastmile',
          region: plan.region,
          access_key: '${substr(var.lastmile_key, 0, 14)}',
          secret_key: '${var.lastmile_key}',
          skip_credentials_validation: true,
          skip_requesting_account_id: true,
          endpoints: [{ eventbridge: '${var.lastmile_url}' }],
        },
      },
    ],
    ...(secrets.length > 0 && { data: { aws_secretsmanager_secret_version: Object.fromEntries(secrets) } }),
    resource: withoutEmpty({
      aws_cloudwatch_event_connection: connections.map((step) => connectionResource(step, source)),
      aws_cloudwatch_event_api_destination: destinations.map((step) => destinationResource(step)),
      aws_cloudwatch_event_target: targets.map(({ name, resource }): Entry => [name, resource]),
    }),
    ...(targets.some(({ importId }) => importId !== undefined) && {
      import: targets.flatMap(({ name, importId }) =>
        importId === undefined ? [] : [{ to: `aws_cloudwatch_event_target.${name}`, id: importId }],
      ),
    }),
  };
}

type Entry = [string, JsonObject];

function withoutEmpty(resources: Readonly<Record<string, readonly Entry[]>>): JsonObject {
  const kept = Object.entries(resources).filter(([, entries]) => entries.length > 0);
  return Object.fromEntries(kept.map(([type, entries]) => [type, Object.fromEntries(entries)]));
}

function resourceName(name: string): string {
  return logicalId('', name).replace(/^(?=[0-9])/, '_');
}

/** Terraform would take `${` and `%{` for the begin of an expression. */
function literal(text: string): string {
  return text.replaceAll('${', '$$${').replaceAll('%{', '%%{');
}

function connectionResource(step: ConnectionChange, source: EventBridgeState): Entry {
  const { name, authorizationType, description } = step;
  return [
    resourceName(name),
    {
      provider: 'aws.lastmile',
      name,
      authorization_type: authorizationType,
      ...(description !== undefined && { description: literal(description) }),
      auth_parameters: authParameters(step, source),
    },
  ];
}

function authParameters(
  { name, authorizationType, secretArn }: ConnectionChange,
  source: EventBridgeState,
): JsonObject {
  if (secretArn === undefined) {
    const { ApiKeyName: key, ApiKeyValue: value } = shadowParameters.ApiKeyAuthParameters;
    return { api_key: { key, value } };
  }
  const secret = `jsondecode(data.aws_secretsmanager_secret_version.${resourceName(name)}.secret_string)`;
  const member = (path: string): string => `\${${secret}.${path}}`;
  const shown = source.connections.find((connection) => connection.name === name)?.authParameters ?? {};
  const invocation = httpParameters(shown, 'InvocationHttpParameters', `${secret}.invocation_http_parameters`);
  return {
    ...credentialBlock(authorizationType, shown, secret, member),
    ...(invocation !== undefined && { invocation_http_parameters: invocation }),
  };
}

function credentialBlock(
  authorizationType: string,
  shown: JsonObject,
  secret: string,
  member: (path: string) => string,
): JsonObject {
  if (authorizationType === 'BASIC') return { basic: { username: member('username'), password: member('password') } };
  if (authorizationType === 'API_KEY')
    return { api_key: { key: member('api_key_name'), value: member('api_key_value') } };
  const oauth = ownMember(shown, 'OAuthParameters');
  const parameters = isJsonObject(oauth)
    ? httpParameters(oauth, 'OAuthHttpParameters', `${secret}.oauth_http_parameters`)
    : undefined;
  return {
    oauth: {
      authorization_endpoint: member('authorization_endpoint'),
      http_method: member('http_method'),
      client_parameters: { client_id: member('client_id'), client_secret: member('client_secret') },
      ...(parameters !== undefined && { oauth_http_parameters: parameters }),
    },
  };
}

const parameterLists = [
  ['HeaderParameters', 'header', 'header_parameters'],
  ['QueryStringParameters', 'query_string', 'query_string_parameters'],
  ['BodyParameters', 'body', 'body_parameters'],
] as const;

/** EventBridge shows the keys of the parameters. Their values come from the secret. */
function httpParameters(shown: JsonObject, name: string, inSecret: string): JsonObject | undefined {
  const parameters = ownMember(shown, name);
  if (!isJsonObject(parameters)) return undefined;
  const blocks = parameterLists.flatMap(([list, block, member]): [string, JsonValue][] => {
    const entries = ownMember(parameters, list);
    if (!Array.isArray(entries) || entries.length === 0) return [];
    const values = (entries as readonly JsonObject[]).map(({ Key, IsValueSecret }, index) => ({
      key: literal(String(Key)),
      value: `\${${inSecret}.${member}[${index}].value}`,
      is_value_secret: IsValueSecret !== false,
    }));
    return [[block, values]];
  });
  return Object.fromEntries(blocks);
}

function destinationResource({ name, connection, input }: DestinationChange): Entry {
  const { InvocationRateLimitPerSecond: rate, Description: description } = input;
  return [
    resourceName(name),
    {
      provider: 'aws.lastmile',
      name,
      connection_arn: `\${aws_cloudwatch_event_connection.${resourceName(connection)}.arn}`,
      invocation_endpoint: literal(String(input['InvocationEndpoint'])),
      http_method: String(input['HttpMethod']),
      ...(rate !== undefined && { invocation_rate_limit_per_second: rate }),
      ...(description !== undefined && { description: literal(String(description)) }),
    },
  ];
}

interface TargetResource {
  readonly name: string;
  readonly resource: JsonObject;
  /** A target that exists already is changed, and not created. */
  readonly importId?: string;
}

function targetResource({ eventBusName, rule }: RuleStep, step: TargetStep): readonly TargetResource[] {
  if (step.action !== 'replace' && step.action !== 'add') return [];
  const { Id, Arn, InputTransformer: transformer, SqsParameters: sqs, DeadLetterConfig: deadLetters } = step.after;
  const text = (object: JsonValue | undefined, name: string) =>
    literal(isJsonObject(object) ? String(ownMember(object, name)) : '');
  const resource = {
    rule,
    event_bus_name: eventBusName,
    target_id: Id,
    arn: Arn,
    input_transformer: { input_template: text(transformer, 'InputTemplate') },
    sqs_target: { message_group_id: text(sqs, 'MessageGroupId') },
    ...(deadLetters !== undefined && { dead_letter_config: { arn: text(deadLetters, 'Arn') } }),
  };
  const name = resourceName(`${eventBusName}/${rule}/${Id}`);
  return [{ name, resource, ...(step.action === 'replace' && { importId: `${eventBusName}/${rule}/${Id}` }) }];
}
