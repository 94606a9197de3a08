import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, withoutUndefined } from '../core/input/json.ts';
import { placeholder, placeholderParameters } from './credentials.ts';
import type { ConnectionChange, DestinationChange, Plan } from './plan-steps.ts';
import { shadowParameters } from './plan.ts';

/**
 * The plan as a CloudFormation template. It names secrets by ARN. CloudFormation knows targets only inside their rule, so the new ones
 * stand in its metadata, for the template that declares the rule.
 */
export function cloudFormationOf(plan: Plan): JsonObject {
  const connections = plan.connections.filter((step): step is ConnectionChange => step.action !== 'leave');
  const destinations = plan.destinations.filter((step): step is DestinationChange => step.action !== 'leave');
  const ServiceToken = { 'Fn::ImportValue': `lastmile-${plan.stage}-resources` };
  const resources = [
    ...connections.flatMap((step) => connectionResources(step, ServiceToken)),
    ...destinations.map((step) => destinationResource(step, ServiceToken)),
  ];
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Connections and API destinations that lastmile-${plan.stage} takes over from EventBridge`,
    Parameters: {
      // Linters refuse any text in the template that stands where a password is expected.
      Placeholder: {
        Type: 'String',
        NoEcho: true,
        Default: placeholder,
        Description: 'Stands for credentials until the policy of a connection names the secret. Keep the default.',
      },
    },
    Resources: Object.fromEntries(resources),
    Metadata: { RuleTargets: ruleTargets(plan) },
  };
}

type Resource = [string, JsonObject];

function connectionResources(step: ConnectionChange, ServiceToken: JsonObject): readonly Resource[] {
  const { name, authorizationType, description, secretArn } = step;
  const id = logicalId('Connection', name);
  const isNamed = secretArn !== undefined;
  const connection = {
    Type: 'Custom::LastmileConnection',
    Properties: {
      ServiceToken,
      Name: name,
      AuthorizationType: authorizationType,
      AuthParameters: withReference(isNamed ? placeholderParameters(authorizationType) : shadowParameters),
      // The placeholder of an OAuth connection never gets a token. Its policy waits for one.
      ...(isNamed && authorizationType === 'OAUTH_CLIENT_CREDENTIALS' && { WaitForAuthorization: false }),
      ...withoutUndefined({ Description: description }),
    },
  };
  if (!isNamed) return [[id, connection]];
  const policy = {
    Type: 'Custom::LastmileConnectionPolicy',
    Properties: { ServiceToken, ConnectionName: { Ref: id }, SecretArn: secretArn },
  };
  return [
    [id, connection],
    [logicalId('ConnectionPolicy', name), policy],
  ];
}

function withReference(value: JsonValue): JsonValue {
  if (value === placeholder) return { Ref: 'Placeholder' };
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withReference(member)]));
}

function destinationResource({ name, connection, input }: DestinationChange, ServiceToken: JsonObject): Resource {
  const ConnectionArn = { 'Fn::GetAtt': [logicalId('Connection', connection), 'Arn'] };
  return [
    logicalId('ApiDestination', name),
    { Type: 'Custom::LastmileApiDestination', Properties: { ServiceToken, ...input, ConnectionArn } },
  ];
}

/** Logical ids have letters and digits only. The hash keeps names apart that differ in other characters. */
export function logicalId(kind: string, name: string): string {
  const letters = name.replaceAll(/[^A-Za-z0-9]/g, '');
  if (letters === name) return `${kind}${letters}`;
  return `${kind}${letters}${createHash('sha256').update(name).digest('hex').slice(0, 6)}`;
}

function ruleTargets({ rules }: Plan): JsonObject {
  const targets = rules.flatMap(({ eventBusName, rule, targets: steps }): [string, JsonValue][] => {
    const after = steps.flatMap((step) => (step.action === 'replace' || step.action === 'add' ? [step.after] : []));
    return after.length === 0 ? [] : [[`${eventBusName}/${rule}`, after]];
  });
  return Object.fromEntries(targets);
}
