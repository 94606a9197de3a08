import { App, Duration, SecretValue, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { expect, test } from 'vitest';
import { parseDelivery } from '../../../lib/core/message/parse-delivery.ts';
import { ApiDestination, Connection, Lastmile, LastmileTarget } from '../../../lib/cdk/index.ts';
import type { LastmileTargetProps } from '../../../lib/cdk/index.ts';

const partition = { Ref: 'AWS::Partition' };
const arn = (rest: string) => ({ 'Fn::Join': ['', ['arn:', partition, rest]] });
const resourcesFunction = arn(':lambda:eu-central-1:123456789012:function:lastmile-prod-resources');

function newStack() {
  const env = { account: '123456789012', region: 'eu-central-1' };
  const stack = new Stack(new App(), 'Shop', { env });
  return { stack, lastmile: Lastmile.fromStage(stack, 'Lastmile', { stage: 'prod' }) };
}

const propertiesIn = (stack: Stack, type: string): readonly Readonly<Record<string, unknown>>[] =>
  Object.values(Template.fromStack(stack).findResources(type) as Record<string, { Properties: object }>).map(
    ({ Properties }) => ({ ...Properties }),
  );

/** The first target of the only rule of a stack. */
function targetIn(stack: Stack): Readonly<Record<string, unknown>> {
  const [rule = {}] = propertiesIn(stack, 'AWS::Events::Rule');
  const [target = {}] = rule['Targets'] as readonly Record<string, unknown>[];
  return target;
}

const templateIn = (stack: Stack): unknown =>
  (targetIn(stack)['InputTransformer'] as Readonly<Record<string, unknown>>)['InputTemplate'];

/** The text of a value whose references are replaced by the names of their resources. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Record<string, readonly unknown[]>;
  if (join !== undefined) return (join[1] as readonly unknown[]).map((part) => textOf(part)).join('');
  return attribute === undefined ? String(Ref) : attribute.join('.');
}

/** The delivery that Lastmile reads when a rule with this target has matched an event. */
function deliveryOf(props: LastmileTargetProps) {
  const { stack, lastmile } = newStack();
  const rule = new events.Rule(stack, 'Rule', { eventPattern: { source: ['shop'] } });
  rule.addTarget(new LastmileTarget({ apiDestinationName: 'orders', lastmile }, props));
  const event = { id: 'a', source: 'shop', detail: { number: 7 } };
  const input = textOf(templateIn(stack))
    .replace('<aws.events.event.json>', JSON.stringify(event))
    .replace('<aws.events.rule-arn>', 'arn:aws:events:eu-central-1:123456789012:rule/orders');
  expect(input).not.toMatch(/<[\w.-]+>/);
  return parseDelivery(JSON.parse(input), { apiDestination: undefined, nowMs: 0 });
}

test('a target hands over the event with the name of the API destination and the ARN of the rule', () => {
  expect(deliveryOf({})).toMatchObject({
    apiDestination: 'orders',
    event: { value: { id: 'a', detail: { number: 7 } } },
    rule: 'arn:aws:events:eu-central-1:123456789012:rule/orders',
    target: { Id: 'Target0' },
  });
});

test('the placeholders of a template reach Lastmile, also beside a reference to another resource', () => {
  const { stack, lastmile } = newStack();
  const queue = new Queue(stack, 'Queue');
  const event = events.RuleTargetInput.fromObject({
    number: events.EventField.fromPath('$.detail.number'),
    at: events.EventField.time,
    queue: queue.queueName,
  });
  new events.Rule(stack, 'Rule', {
    eventPattern: { source: ['shop'] },
    targets: [new LastmileTarget({ apiDestinationName: 'orders', lastmile }, { event })],
  });
  expect(textOf(templateIn(stack))).toContain(
    String.raw`"InputTemplate":"{\"number\":{{detail-number}},\"at\":{{time}},\"queue\":\"Queue4A7E3555.QueueName\"}"`,
  );
});

test.each<[string, LastmileTargetProps, object]>([
  ['a constant input', { event: events.RuleTargetInput.fromText('a < b') }, { Input: '"a < b"' }],
  ['a part of the event', { event: events.RuleTargetInput.fromEventPath('$.detail') }, { InputPath: '$.detail' }],
  [
    'a template',
    { event: events.RuleTargetInput.fromText(`Order ${events.EventField.fromPath('$.detail.number')} is new.`) },
    {
      InputTransformer: {
        InputPathsMap: { 'detail-number': '$.detail.number' },
        InputTemplate: '"Order {{detail-number}} is new."',
      },
    },
  ],
  [
    'parameters of the path, the query and the headers',
    {
      pathParameterValues: ['$.detail.number'],
      queryStringParameters: { kind: 'order' },
      headerParameters: { 'X-Source': '$.source' },
    },
    {
      HttpParameters: {
        PathParameterValues: ['$.detail.number'],
        QueryStringParameters: { kind: 'order' },
        HeaderParameters: { 'X-Source': '$.source' },
      },
    },
  ],
  [
    'a retry policy',
    { retryAttempts: 3, maxEventAge: Duration.hours(1) },
    { RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 3600 } },
  ],
  [
    'a transformer',
    { transformer: { type: 'JSONATA', expression: 'detail[number < 8 and number > 6]' } },
    { Transformer: { Type: 'JSONATA', Expression: 'detail[number < 8 and number > 6]' } },
  ],
  [
    'the order',
    { order: 'PER_GROUP', orderGroupPath: '$.detail.number' },
    { Order: 'PER_GROUP', OrderGroupPath: '$.detail.number' },
  ],
])('the envelope has %s', (_, props, target) => {
  expect(deliveryOf(props).target).toEqual({ Id: 'Target0', ...target });
});

test.each<[string, LastmileTargetProps, string]>([
  [
    'that EventBridge takes for a template',
    { transformer: { type: 'JSONATA', expression: '$a<8>$b' } },
    'EventBridge takes <8> in the expression of `transformer` for a placeholder: write spaces around < and >.',
  ],
  [
    'beside another input',
    {
      event: events.RuleTargetInput.fromEventPath('$.detail'),
      transformer: { type: 'JSONATA', expression: '$' },
    },
    'A LastmileTarget has either `event` or `transformer`: remove one.',
  ],
])('a target with a transformer %s is refused', (_, props, message) => {
  expect(() => deliveryOf(props)).toThrow(message);
});

test('a target with a path of groups and without order is refused', () => {
  expect(() => deliveryOf({ orderGroupPath: '$.detail.number' })).toThrow(
    '`orderGroupPath` of a LastmileTarget has no effect without `order`: add it, or remove the path.',
  );
});

test('a target through the delivery queue has the name of the API destination as its message group', () => {
  const { stack, lastmile } = newStack();
  const rule = new events.Rule(stack, 'Rule', { eventPattern: { source: ['shop'] } });
  rule.addTarget(new LastmileTarget({ apiDestinationName: 'orders', lastmile }));
  expect(targetIn(stack)).toMatchObject({
    Arn: arn(':sqs:eu-central-1:123456789012:lastmile-prod-deliveries'),
    SqsParameters: { MessageGroupId: 'orders' },
  });
  expect(propertiesIn(stack, 'AWS::Lambda::Permission')).toEqual([]);
});

test('a target through deliver has no message group, and the rule may invoke the function', () => {
  const { stack, lastmile } = newStack();
  const rule = new events.Rule(stack, 'Rule', { eventPattern: { source: ['shop'] } });
  for (const apiDestinationName of ['orders', 'invoices']) {
    rule.addTarget(new LastmileTarget({ apiDestinationName, lastmile }, { through: 'DELIVER' }));
  }
  expect(targetIn(stack)['Arn']).toEqual(arn(':lambda:eu-central-1:123456789012:function:lastmile-prod-deliver'));
  expect(targetIn(stack)).not.toHaveProperty('SqsParameters');
  expect(propertiesIn(stack, 'AWS::Lambda::Permission')).toEqual([
    {
      Action: 'lambda:InvokeFunction',
      FunctionName: 'lastmile-prod-deliver',
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': ['Rule4C995B7F', 'Arn'] },
    },
  ]);
});

test('the dead-letter queue of a target gets what EventBridge cannot hand over and what Lastmile cannot deliver', () => {
  const { stack, lastmile } = newStack();
  const deadLetterQueue = new Queue(stack, 'Dead');
  const rule = new events.Rule(stack, 'Rule', { eventPattern: { source: ['shop'] } });
  rule.addTarget(new LastmileTarget({ apiDestinationName: 'orders', lastmile }, { deadLetterQueue }));
  expect(targetIn(stack)['DeadLetterConfig']).toEqual({
    Arn: { 'Fn::GetAtt': [expect.stringMatching(/^Dead/), 'Arn'] },
  });
  expect(textOf(templateIn(stack))).toMatch(/"DeadLetterConfig":\{"Arn":"Dead\w+\.Arn"\}/);
  expect(propertiesIn(stack, 'AWS::SQS::QueuePolicy')).toHaveLength(1);
});

test('replacing one line moves a rule from an API destination of EventBridge to one of Lastmile', () => {
  const synthesize = (isLastmile: boolean) => {
    const { stack, lastmile } = newStack();
    const authorization = events.Authorization.apiKey('x-api-key', SecretValue.secretsManager('partner'));
    const connection = isLastmile
      ? new Connection(stack, 'Partner', { lastmile, authorization })
      : new events.Connection(stack, 'Partner', { authorization });
    const endpoint = 'https://partner.example/orders';
    const props = { event: events.RuleTargetInput.fromEventPath('$.detail'), retryAttempts: 3 };
    const rule = new events.Rule(stack, 'Rule', { eventPattern: { source: ['shop'] } });
    rule.addTarget(
      isLastmile
        ? new LastmileTarget(new ApiDestination(stack, 'Orders', { lastmile, connection, endpoint }), props)
        : new targets.ApiDestination(
            new events.ApiDestination(stack, 'Orders', { connection, endpoint }) as events.IApiDestination,
            props,
          ),
    );
    return { stack, resources: Template.fromStack(stack).toJSON()['Resources'] as Record<string, { Type: string }> };
  };
  const [before, after] = [synthesize(false), synthesize(true)];
  const types = ({ resources }: typeof before) =>
    Object.values(resources)
      .map(({ Type }) => Type)
      .toSorted();
  expect(types(before)).toEqual([
    'AWS::Events::ApiDestination',
    'AWS::Events::Connection',
    'AWS::Events::Rule',
    'AWS::IAM::Policy',
    'AWS::IAM::Role',
  ]);
  expect(types(after)).toEqual(['AWS::Events::Rule', 'Custom::LastmileApiDestination', 'Custom::LastmileConnection']);
  const withoutTargets = ({ stack }: typeof before) => ({ ...propertiesIn(stack, 'AWS::Events::Rule')[0], Targets: 0 });
  expect(withoutTargets(after)).toEqual(withoutTargets(before));
  const { ServiceToken, ...created } = propertiesIn(after.stack, 'Custom::LastmileConnection')[0] ?? {};
  expect(ServiceToken).toEqual(resourcesFunction);
  expect(created).toEqual(propertiesIn(before.stack, 'AWS::Events::Connection')[0]);
});

test('a connection has the members that CloudFormation gives to one of EventBridge, for each authorization type', () => {
  const secret = SecretValue.secretsManager('partner');
  const parameter = events.HttpParameter.fromString('all');
  const props = {
    description: 'the partner',
    bodyParameters: { tenant: events.HttpParameter.fromSecret(secret) },
    headerParameters: { 'x-shop': parameter },
    queryStringParameters: { version: parameter },
  };
  const authorizations = [
    events.Authorization.basic('me', secret),
    events.Authorization.oauth({
      authorizationEndpoint: 'https://partner.example/token',
      httpMethod: events.HttpMethod.POST,
      clientId: 'shop',
      clientSecret: secret,
      bodyParameters: { scope: parameter },
      headerParameters: { 'x-shop': parameter },
      queryStringParameters: { version: parameter },
    }),
  ];
  for (const authorization of authorizations) {
    const { stack, lastmile } = newStack();
    new events.Connection(stack, 'Theirs', { ...props, authorization });
    new Connection(stack, 'Ours', { ...props, lastmile, authorization });
    const [theirs] = propertiesIn(stack, 'AWS::Events::Connection');
    expect(propertiesIn(stack, 'Custom::LastmileConnection')).toEqual([{ ServiceToken: resourcesFunction, ...theirs }]);
  }
});

test('an API destination has its endpoint, method, rate and connection, and a delivery policy of its own', () => {
  const { stack, lastmile } = newStack();
  const connection = new Connection(stack, 'Partner', {
    lastmile,
    authorization: events.Authorization.basic('me', SecretValue.secretsManager('partner')),
    waitForAuthorization: false,
  });
  const destination = new ApiDestination(stack, 'Orders', {
    lastmile,
    connection,
    apiDestinationName: 'orders',
    endpoint: 'https://partner.example/orders',
    httpMethod: events.HttpMethod.PUT,
    rateLimitPerSecond: 10,
    deliveryPolicy: { TimeoutSeconds: 3 },
  });
  expect(propertiesIn(stack, 'Custom::LastmileConnection')[0]).toMatchObject({ WaitForAuthorization: false });
  expect(propertiesIn(stack, 'Custom::LastmileApiDestination')).toEqual([
    {
      ServiceToken: resourcesFunction,
      Name: 'orders',
      ConnectionArn: stack.resolve(connection.connectionArn) as unknown,
      InvocationEndpoint: 'https://partner.example/orders',
      HttpMethod: 'PUT',
      InvocationRateLimitPerSecond: 10,
    },
  ]);
  const ApiDestinationName = stack.resolve(destination.apiDestinationName) as unknown;
  expect(propertiesIn(stack, 'Custom::LastmileDeliveryPolicy')).toEqual([
    { ServiceToken: resourcesFunction, TimeoutSeconds: 3, ApiDestinationName },
  ]);
});

test.each(['Prod', '1st', 'a_b', '', 'x'.repeat(33)])(
  'the stage %j is refused, because no stack can have it',
  (stage) => {
    const { stack } = newStack();
    expect(() => Lastmile.fromStage(stack, 'Refused', { stage })).toThrow('stage must be 1 to 32 lower-case letters');
  },
);
