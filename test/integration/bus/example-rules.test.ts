import { CreateApiDestinationCommand, CreateConnectionCommand, type Target } from '@aws-sdk/client-eventbridge';
import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import { parseDelivery } from '../../../lib/core/message/parse-delivery.ts';
import { targetInput } from '../../../lib/local/bus/targets/input.ts';
import { ownEndpoint, ownStack } from '../../fixtures/stack.ts';
import type { RecordedRequest, RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { type BusStory, createBusStory, Growing } from './bus-story.ts';
import { exampleNames, exampleResources, type References } from './example-rules.ts';

const ruleArn = 'arn:aws:events:us-east-1:123456789012:rule/example';
const localStack: References = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '123456789012',
  Stage: 'local',
  'Rule.Arn': ruleArn,
  Undelivered: 'undelivered',
  'Undelivered.Arn': 'arn:aws:sqs:us-east-1:123456789012:undelivered',
  'Undelivered.QueueName': 'undelivered',
  'AWS::NoValue': '',
  HasAlarmTopic: 'false',
};
const detail = '{"orderId":"order-000042","total":149.950,"big":12345678901234567890,"delivery":{"city":"Exampleton"}}';

let story: BusStory;
let endpoint: RecordingEndpoint;
let requests: Growing<RecordedRequest>;

beforeEach(async () => {
  requests = new Growing();
  endpoint = await ownEndpoint((request) => {
    requests.push(request);
    return undefined;
  });
  story = createBusStory(await ownStack());
});

/** Deploys an example's rule into the local stack and puts an event that it matches. */
async function deliverBy(
  name: string,
  destination: string,
): Promise<{ readonly id: string; readonly request: RecordedRequest }> {
  const AuthParameters = { BasicAuthParameters: { Username: 'shop', Password: 'opensesame' } };
  const connection = { Name: 'partner', AuthorizationType: 'BASIC', AuthParameters } as const;
  const { ConnectionArn } = await story.events.send(new CreateConnectionCommand(connection));
  const InvocationEndpoint = `${endpoint.origin}/${destination}`;
  const created = { Name: destination, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' } as const;
  await story.events.send(new CreateApiDestinationCommand(created));
  await story.createQueue('undelivered');
  const [target] = targetsOf(name);
  if (target === undefined) throw new Error(`${name} has no target.`);
  const EventPattern = JSON.stringify(ruleOf(name)['EventPattern']);
  await story.putRule({ Name: 'example', EventPattern }, target);
  const [id = ''] = await story.put({ DetailType: 'Order Placed', Source: 'com.example.shop', Detail: detail });
  const [request] = await requests.count(1);
  if (request === undefined) throw new Error('Nothing arrived.');
  return { id, request };
}

const ruleOf = (name: string): JsonObject => exampleResources(name, localStack)['Rule'] ?? {};
const targetsOf = (name: string) =>
  ruleOf(name)['Targets'] as unknown as readonly (Target & { readonly Arn: string })[];

describe('an example rule', () => {
  test('the example rule for the delivery queue sends the unchanged event in the message group of its destination', async () => {
    const { id, request } = await deliverBy('rule-to-queue.yml', 'orders');
    expect(request).toMatchObject({ method: 'POST', path: '/orders' });
    expect(request.headers['idempotency-key']).toBe(`${id}/orders`);
    expect(request.body).toMatch(new RegExp(`^{"version":"0","id":"${id}",`));
    expect(request.body.endsWith(`"detail":${detail}}`)).toBe(true);
    expect(targetsOf('rule-to-queue.yml')).toMatchObject([{ SqsParameters: { MessageGroupId: 'orders' } }]);
  });

  test('the example rule for deliver sends the body of its inner transformer, and a header from the event', async () => {
    const { id, request } = await deliverBy('rule-to-deliver.yml', 'shipments');
    expect(request).toMatchObject({ path: '/shipments', headers: { 'x-source': 'com.example.shop' } });
    expect(request.headers['idempotency-key']).toBe(`${id}/shipments`);
    expect(request.body).toBe('{"order": "order-000042", "ship": {"to": "Exampleton"}}');
  });
});

describe.each(exampleNames)('the example %s', (name) => {
  test(`the example ${name} makes an envelope that the worker reads, with the rule and the target settings`, () => {
    const event = { value: JSON.parse(`{"id":"e-1","detail":${detail}}`) as JsonObject };
    const [target] = targetsOf(name);
    const text = targetInput(target as never, { event, rule: ruleArn, firstReceivedAtMs: 0 });
    const delivery = parseDelivery(JSON.parse(text), { apiDestination: undefined, nowMs: 0 }, text);
    expect(delivery).toMatchObject({ rule: ruleArn, target: { Id: target?.Id }, event: { value: { id: 'e-1' } } });
    expect(delivery.apiDestination).toBe(name === 'rule-to-queue.yml' ? 'orders' : 'shipments');
  });

  test(`only the rule in the example ${name} may send to the dead-letter queue of the example`, () => {
    const { UndeliveredPolicy, Undelivered } = exampleResources(name, localStack);
    expect(targetsOf(name)).toMatchObject([{ DeadLetterConfig: { Arn: localStack['Undelivered.Arn'] } }]);
    expect(Undelivered).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 });
    expect(UndeliveredPolicy).toMatchObject({
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Action: 'sqs:SendMessage',
            Condition: { ArnEquals: { 'aws:SourceArn': ruleArn } },
          },
          { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
        ],
      },
    });
  });
});

test.each(exampleNames)(
  'the example %s has an alarm for its dead-letter queue, and notifies a topic if one is given',
  (name) => {
    const expected = {
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: 'undelivered' }],
      Statistic: 'Maximum',
      Period: 300,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
      AlarmActions: '',
    };
    const { UndeliveredAlarm } = exampleResources(name, localStack);
    expect(UndeliveredAlarm).toMatchObject(expected);
    const told = { ...localStack, HasAlarmTopic: 'true', AlarmTopicArn: 'arn:aws:sns:us-east-1:123456789012:on-call' };
    expect(exampleResources(name, told)['UndeliveredAlarm']).toMatchObject({ AlarmActions: [told.AlarmTopicArn] });
  },
);

test('the example for deliver allows only its own rule to invoke the function', () => {
  expect(exampleResources('rule-to-deliver.yml', localStack)['RuleMayInvoke']).toEqual({
    FunctionName: 'lastmile-local-deliver',
    Action: 'lambda:InvokeFunction',
    Principal: 'events.amazonaws.com',
    SourceArn: ruleArn,
  });
});
