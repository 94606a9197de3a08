import { describe, expect, test } from 'vitest';
import type { RoleParameters, TemplateStatement } from '../../policies/roles.ts';
import { rolesFile, statementsOf } from '../../policies/roles.ts';

const ids = ['DeliverRole', 'DeliverQueuedRole', 'ControlApiRole', 'AuthorizeConnectionRole', 'RedriveRole'];

const queueArn = 'arn:aws:sqs:eu-west-1:123456789012:team-dead-letters';
const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/key-??????';
const keyArn = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';

/** Statements of a role that allow an action of this service. */
function allowing(parameters: Partial<RoleParameters>, id: string, action: string): readonly TemplateStatement[] {
  const roles = rolesFile.rolesOf({ stage: 'prod', ...parameters });
  return statementsOf(roles, id).filter(({ Effect, Action }) => {
    return Effect === 'Allow' && Action.some((name) => name.startsWith(action));
  });
}

describe('the roles', () => {
  test('are one for each function, and Lambda alone may assume them', () => {
    const roles = rolesFile.rolesOf({ stage: 'prod' });
    expect(Object.keys(roles)).toEqual(ids);
    for (const { Type, Properties } of Object.values(roles)) {
      expect(Type).toBe('AWS::IAM::Role');
      expect(Properties.AssumeRolePolicyDocument).toMatchObject({
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      });
    }
  });

  test('name no account, region or partition, and no action by a wildcard', () => {
    const roles = rolesFile.rolesOf({ stage: 'prod' });
    expect(JSON.stringify(roles)).not.toMatch(/arn:aws|[0-9]{12}|us-east-1/);
    for (const id of ids) {
      for (const { Action } of statementsOf(roles, id)) expect(Action.join()).not.toContain('*');
    }
  });

  test('mention neither other queues, other secrets, a key nor a VPC that nobody has named', () => {
    for (const empty of [{}, { deadLetterQueueArns: '', secretArns: [], kmsKeyArn: '', subnetIds: '' }]) {
      const text = JSON.stringify(rolesFile.rolesOf({ stage: 'prod', ...empty }));
      expect(text).not.toMatch(/kms:|ec2:|"Deny"/);
      expect(text).toBe(JSON.stringify(rolesFile.rolesOf({ stage: 'prod' })));
    }
  });

  test.each(['DeliverRole', 'DeliverQueuedRole'])('%s sends to the dead-letter queues that were named', (id) => {
    const [sending] = allowing({ deadLetterQueueArns: `${queueArn}, ${queueArn}2` }, id, 'sqs:SendMessage');
    expect(sending?.Resource.slice(2)).toEqual([queueArn, `${queueArn}2`]);
  });

  test('of all others, none sends to those queues', () => {
    for (const id of ids.slice(2)) {
      const text = JSON.stringify(allowing({ deadLetterQueueArns: queueArn }, id, 'sqs:'));
      expect(text).not.toContain(queueArn);
    }
  });

  test.each(ids.slice(0, 4))('%s reads the secrets that were named, and does nothing else with them', (id) => {
    const statements = allowing({ secretArns: [secretArn] }, id, 'secretsmanager:');
    const naming = statements.filter(({ Resource }) => Resource.includes(secretArn));
    expect(naming.map(({ Action }) => Action)).toEqual([['secretsmanager:GetSecretValue']]);
  });

  test.each(ids)('%s uses the key only through the services that it calls', (id) => {
    const services = new Set(
      allowing({ kmsKeyArn: keyArn }, id, '').flatMap(({ Action }) => Action.map((name) => name.split(':')[0])),
    );
    const statements = allowing({ kmsKeyArn: keyArn }, id, 'kms:');
    expect(statements.map(({ Action, Resource }) => [Action, Resource])).toEqual([
      [['kms:Decrypt'], [keyArn]],
      [['kms:GenerateDataKey'], [keyArn]],
    ]);
    for (const { Condition } of statements) {
      const through = (Condition?.['StringLike']?.['kms:ViaService'] ?? []).map((each) => JSON.stringify(each));
      expect(through.length).toBeGreaterThan(0);
      for (const text of through) {
        expect([...services].some((service) => text === `{"Fn::Sub":"${service}.\${AWS::Region}.*"}`)).toBe(true);
      }
    }
  });

  test.each(ids)('%s in a VPC lets Lambda make network interfaces, and the function itself not', (id) => {
    const roles = rolesFile.rolesOf({ stage: 'prod', subnetIds: 'subnet-1,subnet-2' });
    const [allowed, denied, ...rest] = statementsOf(roles, id).filter(({ Action }) => Action[0]?.startsWith('ec2:'));
    expect(rest).toEqual([]);
    expect(allowed).toMatchObject({ Effect: 'Allow' });
    expect(denied).toMatchObject({ Effect: 'Deny', Action: allowed?.Action });
    expect(JSON.stringify(denied?.Condition)).toMatch(/lambda:SourceFunctionArn.*:function:lastmile-prod-/);
  });

  test('PutEvents goes to the default bus, or to the one that was named', () => {
    const resources = (eventBusName?: string) =>
      allowing(eventBusName === undefined ? {} : { eventBusName }, 'ControlApiRole', 'events:')[0]?.Resource;
    expect(JSON.stringify(resources())).toContain(':event-bus/default"');
    expect(JSON.stringify(resources('orders'))).toContain(':event-bus/orders"');
    const arn = 'arn:aws:events:eu-west-1:210987654321:event-bus/central';
    expect(resources(arn)).toEqual([arn]);
  });

  test.each([
    [
      { deadLetterQueueArns: 'team-dead-letters' },
      'Parameter deadLetterQueueArns: "team-dead-letters" is not the ARN of an SQS queue.',
    ],
    [{ secretArns: ['*'] }, 'Parameter secretArns: "*" is not the ARN of a secret.'],
    [{ kmsKeyArn: `${keyArn},${keyArn}` }, 'Parameter kmsKeyArn takes one value.'],
    [{ kmsKeyArn: 'alias/team' }, 'Parameter kmsKeyArn: "alias/team" is not the ARN of a KMS key.'],
  ])('a parameter that is not right is refused by name: %j', (parameters, message) => {
    expect(() => rolesFile.rolesOf({ stage: 'prod', ...parameters })).toThrow(message);
  });

  test('take their parameters from osls', async () => {
    const given: Record<string, unknown> = { 'sls:stage': 'qa', "param:secretArns, ''": [secretArn] };
    const roles = await rolesFile({ resolveVariable: (variable) => Promise.resolve(given[variable] ?? '') });
    expect(roles).toEqual(rolesFile.rolesOf({ stage: 'qa', secretArns: [secretArn] }));
  });
});
