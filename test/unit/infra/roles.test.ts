import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { RoleParameters, TemplateStatement, TemplateText } from '../../policies/roles.ts';
import { rolesFile, rolesOf, statementsOf } from '../../policies/roles.ts';

const ids = [
  'DeliverRole',
  'DeliverQueuedRole',
  'ControlApiRole',
  'AuthorizeConnectionRole',
  'RedriveRole',
  'ResourcesRole',
];

const queueArn = 'arn:aws:sqs:eu-west-1:123456789012:team-dead-letters';
const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:team/key-??????';
const keyArn = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';

/** The network actions of the AWS managed policy AWSLambdaVPCAccessExecutionRole. */
const networkActions = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/** The statements of a role that allow an action of this service. */
function allowing(parameters: Partial<RoleParameters>, id: string, action: string): readonly TemplateStatement[] {
  const roles = rolesOf('lastmile-prod', parameters);
  return statementsOf(roles, id).filter(({ Effect, Action }) => {
    return Effect === 'Allow' && Action.some((name) => name.startsWith(action));
  });
}

describe('the roles', () => {
  test('each function has its own role, which only Lambda may assume', () => {
    const roles = rolesOf('lastmile-prod');
    expect(Object.keys(roles)).toEqual(ids);
    for (const { Type, Properties } of Object.values(roles)) {
      expect(Type).toBe('AWS::IAM::Role');
      expect(Properties.AssumeRolePolicyDocument).toMatchObject({
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      });
    }
  });

  test('the roles name no account, region or partition, and no action with a wildcard', () => {
    const roles = rolesOf('lastmile-prod');
    expect(JSON.stringify(roles)).not.toMatch(/arn:aws|[0-9]{12}|us-east-1/);
    for (const id of ids) {
      for (const { Action } of statementsOf(roles, id)) expect(Action.join()).not.toContain('*');
    }
  });

  test('without parameters, the roles contain no permissions for KMS keys or a VPC', () => {
    expect(JSON.stringify(rolesOf('lastmile-prod'))).not.toMatch(/kms:|ec2:|"Deny"/);
  });

  test.each(['DeliverRole', 'DeliverQueuedRole'])(
    'the role %s may send to the dead-letter queues that a stage parameter names',
    (id) => {
      const [sending] = allowing({ deadLetterQueueArns: [queueArn, `${queueArn}2`] }, id, 'sqs:SendMessage');
      expect(sending?.Resource.slice(2)).toEqual([queueArn, `${queueArn}2`]);
    },
  );

  test('only the roles of deliver and deliver-queued may send to the named dead-letter queues', () => {
    for (const id of ids.slice(2)) {
      const text = JSON.stringify(allowing({ deadLetterQueueArns: [queueArn] }, id, 'sqs:'));
      expect(text).not.toContain(queueArn);
    }
  });

  const reading = ['DeliverRole', 'DeliverQueuedRole', 'ControlApiRole', 'AuthorizeConnectionRole', 'ResourcesRole'];
  test.each(ids)('the role %s has at most the permission to read the named secrets', (id) => {
    const statements = allowing({ secretArns: [secretArn] }, id, '');
    const naming = statements.filter(({ Resource }) => Resource.includes(secretArn));
    const expected = reading.includes(id) ? [['secretsmanager:GetSecretValue']] : [];
    expect(naming.map(({ Action }) => Action)).toEqual(expected);
  });

  test.each([
    ['DeliverRole', ['dynamodb', 'secretsmanager', 'sqs'], ['sqs', 's3']],
    ['DeliverQueuedRole', ['dynamodb', 'secretsmanager', 'sqs'], ['sqs']],
    ['ControlApiRole', ['dynamodb', 'secretsmanager', 'sqs'], ['sqs']],
    ['AuthorizeConnectionRole', ['dynamodb', 'secretsmanager'], ['s3']],
    ['RedriveRole', ['sqs'], ['sqs']],
    ['ResourcesRole', ['dynamodb', 'secretsmanager'], []],
  ])(
    'the role %s may use the KMS key of the stack only through the services that it needs',
    (id, decrypts, encrypts) => {
      expect(allowing({ kmsKeyArn: keyArn }, id, 'kms:')).toEqual(usesOf([keyArn], decrypts, encrypts));
    },
  );

  test.each([
    ['DeliverRole', ['dynamodb', 'secretsmanager', 'sqs'], ['sqs', 's3'], 's3:PutObject'],
    ['DeliverQueuedRole', ['dynamodb', 'secretsmanager', 'sqs'], ['sqs', 's3'], 's3:PutObject'],
    ['ControlApiRole', ['dynamodb', 'secretsmanager', 'sqs', 's3'], ['sqs'], 's3:GetObject'],
    ['AuthorizeConnectionRole', ['dynamodb', 'secretsmanager'], ['s3'], undefined],
    ['RedriveRole', ['sqs'], ['sqs'], undefined],
    ['ResourcesRole', ['dynamodb', 'secretsmanager'], [], undefined],
  ])(
    'in a stack that keeps events, the role %s may do no more with them than its function does',
    (id, decrypts, encrypts, action) => {
      const parameters = { keepEventsDays: 7, kmsKeyArn: keyArn };
      const without = statementsOf(rolesOf('lastmile-prod'), id);
      const isNew = (statement: TemplateStatement) => !without.some((each) => isDeepStrictEqual(each, statement));
      const added = statementsOf(rolesOf('lastmile-prod', { keepEventsDays: 7 }), id).filter(isNew);
      const Resource = [{ 'Fn::Sub': '${KeptEvents.Arn}/events/*' }];
      expect(added).toEqual(action === undefined ? [] : [{ Effect: 'Allow', Action: [action], Resource }]);
      expect(allowing(parameters, id, 'kms:')).toEqual(usesOf([keyArn], decrypts, encrypts));
    },
  );

  const deadLetters = arnText('sqs', 'lastmile-prod-dead-letters');
  const orderedQueue = arnText('sqs', 'lastmile-prod-ordered-deliveries.fifo');
  const deliveryQueue = arnText('sqs', 'lastmile-prod-deliveries');

  test.each([
    ['DeliverRole', { 'sqs:SendMessage': [deliveryQueue, orderedQueue] }],
    [
      'DeliverQueuedRole',
      {
        'sqs:SendMessage': [deliveryQueue, orderedQueue],
        'sqs:ReceiveMessage': [deliveryQueue, orderedQueue],
        'sqs:GetQueueAttributes': [deliveryQueue, orderedQueue],
        'sqs:DeleteMessage': [deliveryQueue, orderedQueue],
        'sqs:ChangeMessageVisibility': [orderedQueue],
      },
    ],
    ['ControlApiRole', {}],
    ['AuthorizeConnectionRole', {}],
    ['RedriveRole', {}],
    ['ResourcesRole', {}],
  ])(
    'in a stack with ordered deliveries, the role %s may do no more with the FIFO queue than its function does',
    (id, expected) => {
      const isOrdered = ({ Resource }: TemplateStatement) =>
        Resource.some((each) => isDeepStrictEqual(each, orderedQueue));
      const found = allowing({ orderedDeliveries: true }, id, 'sqs:').filter(isOrdered);
      const byAction = found.flatMap(({ Action, Resource }) =>
        Action.map((action) => [action, Resource.filter((each) => !isDeepStrictEqual(each, deadLetters))]),
      );
      expect(Object.fromEntries(byAction)).toEqual(expected);
      expect(allowing({}, id, 'sqs:').filter(isOrdered)).toEqual([]);
    },
  );

  test.each([
    ['DeliverRole', 0],
    ['DeliverQueuedRole', 1],
    ['ControlApiRole', 0],
  ])(
    'in a stack with ordered deliveries, the role %s has %i permissions for the progress of waiting events',
    (id, count) => {
      const isProgress = (statement: TemplateStatement) => JSON.stringify(statement).includes('"ORDERED#*"');
      const found = allowing({ orderedDeliveries: true }, id, 'dynamodb:').filter(isProgress);
      expect(found).toHaveLength(count);
      for (const { Action } of found) expect(Action).toEqual(['dynamodb:GetItem', 'dynamodb:UpdateItem']);
      expect(allowing({}, id, 'dynamodb:').filter(isProgress)).toEqual([]);
    },
  );

  test.each([
    ['DeliverRole', ['secretsmanager', 'sqs'], ['sqs']],
    ['DeliverQueuedRole', ['secretsmanager', 'sqs'], ['sqs']],
    ['ControlApiRole', ['secretsmanager'], []],
    ['AuthorizeConnectionRole', ['secretsmanager'], []],
    ['RedriveRole', [], []],
    ['ResourcesRole', ['secretsmanager'], []],
  ])(
    'the role %s may use the keys of named secrets and queues only through the services that it needs',
    (id, decrypts, encrypts) => {
      const Resource = [keyArn, `${keyArn}f`];
      expect(allowing({ keyArns: Resource }, id, 'kms:')).toEqual(usesOf(Resource, decrypts, encrypts));
    },
  );

  test.each(['DeliverRole', 'DeliverQueuedRole', 'AuthorizeConnectionRole'])(
    'in a VPC, the role %s lets Lambda, but not the code of the function, manage network interfaces',
    (id) => {
      const roles = rolesOf('lastmile-prod', { subnetIds: ['subnet-1', 'subnet-2'] });
      const [allowed, denied, ...rest] = statementsOf(roles, id).filter(({ Action }) => Action[0]?.startsWith('ec2:'));
      expect(rest).toEqual([]);
      expect(allowed).toEqual({ Effect: 'Allow', Action: networkActions, Resource: ['*'] });
      const name = id
        .replace('Role', '')
        .replaceAll(/\B[A-Z]/g, '-$&')
        .toLowerCase();
      const ownArn = {
        'Fn::Sub': `arn:\${AWS::Partition}:lambda:\${AWS::Region}:\${AWS::AccountId}:function:lastmile-prod-${name}`,
      };
      expect(denied).toEqual({
        Effect: 'Deny',
        Action: networkActions,
        Resource: ['*'],
        Condition: { ArnEquals: { 'lambda:SourceFunctionArn': [ownArn] } },
      });
    },
  );

  test.each(['ControlApiRole', 'RedriveRole'])(
    'the role %s has no network permissions, because its function is never in a VPC',
    (id) => {
      expect(allowing({ subnetIds: ['subnet-1'] }, id, 'ec2:')).toEqual([]);
    },
  );

  test('the role of control-api may put events on the named bus only', () => {
    const [statement] = allowing({ eventBusName: 'orders' }, 'ControlApiRole', 'events:');
    expect(JSON.stringify(statement?.Resource)).toContain(':event-bus/orders"');
  });

  const busesOf = (given: object, id: string) =>
    allowing(given, id, 'events:').flatMap(({ Action, Resource }) => [
      [Action, JSON.stringify(Resource).match(/event-bus\/[a-z]+/g)],
    ]);

  test.each(['DeliverRole', 'DeliverQueuedRole', 'AuthorizeConnectionRole'])(
    'the role %s may put events on the bus of state events only, and on none without that bus',
    (id) => {
      expect(busesOf({ stateEventsBusName: 'states' }, id)).toEqual([[['events:PutEvents'], ['event-bus/states']]]);
      expect(busesOf({}, id)).toEqual([]);
    },
  );

  test('the role of control-api may put events on its own bus and on that of state events, and redrive on none', () => {
    const own = { eventBusName: 'orders' };
    const both = ['event-bus/orders', 'event-bus/states'];
    expect(busesOf({ ...own, stateEventsBusName: 'states' }, 'ControlApiRole')).toEqual([[['events:PutEvents'], both]]);
    expect(busesOf({ ...own, stateEventsBusName: 'orders' }, 'ControlApiRole')).toEqual([
      [['events:PutEvents'], ['event-bus/orders']],
    ]);
    expect(busesOf({ stateEventsBusName: 'states' }, 'RedriveRole')).toEqual([]);
  });

  test('packaging fails with more queues and secrets than a policy can name', () => {
    const named = (count: number) => Array.from({ length: count }, (_, index) => `${queueArn}-${index}`);
    expect(() => rolesOf('lastmile-prod', { deadLetterQueueArns: named(90) })).not.toThrow();
    expect(() => rolesOf('lastmile-prod', { deadLetterQueueArns: named(200) })).toThrow(
      /deadLetterQueueArns, secretArns and keyArns are too long \(.*10240 characters\): name several .* by a wildcard/,
    );
  });

  test('the roles get the validated parameters of the stage', async () => {
    const given: Record<string, unknown> = {
      'sls:stage': 'qa',
      "param:secretArns, ''": secretArn,
      "param:eventBusName, ''": 'orders',
      "param:functionTimeoutSeconds, ''": 60,
      "param:maximumConcurrency, ''": 50,
      "param:batchingWindowSeconds, ''": 0,
      "param:logRetentionDays, ''": 30,
      "param:failedInvocationsDays, ''": 90,
      "param:keepEventsDays, ''": 0,
      "param:orderedDeliveries, ''": false,
      "param:deletionProtection, ''": true,
    };
    const resolveVariable = (variable: string) => Promise.resolve(given[variable] ?? '');
    expect(await rolesFile({ resolveVariable })).toEqual(
      rolesOf('lastmile-qa', { secretArns: [secretArn], eventBusName: 'orders' }),
    );
    given["param:secretArns, ''"] = 'key';
    await expect(rolesFile({ resolveVariable })).rejects.toThrow('secretArns must be ARNs of secrets');
  });
});

function arnText(service: string, resource: string): TemplateText {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}` };
}

/** The statements that let a role use the keys, but only through the given services. */
function usesOf(Resource: readonly string[], decrypts: readonly string[], encrypts: readonly string[]) {
  const uses = [
    { action: 'kms:Decrypt', services: decrypts },
    { action: 'kms:GenerateDataKey', services: encrypts },
  ];
  return uses.flatMap(({ action, services }) => {
    const through = services.map((service) => ({ 'Fn::Sub': `${service}.\${AWS::Region}.*` }));
    const Condition = { StringLike: { 'kms:ViaService': through } };
    return services.length === 0 ? [] : [{ Effect: 'Allow', Action: [action], Resource, Condition }];
  });
}
