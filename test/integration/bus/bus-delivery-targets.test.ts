import { ListArchivesCommand, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { beforeEach, expect, test } from 'vitest';
import { ownEndpoint, ownStack } from '../../fixtures/stack.ts';
import { attributesOf, type BusStory, createBusStory, everyOrder, Growing } from './bus-story.ts';

let story: BusStory;
let lines: Growing<string>;
let errors: Growing<string>;

beforeEach(async () => {
  lines = new Growing();
  errors = new Growing();
  const output = { line: (text: string) => lines.push(text), error: (text: string) => errors.push(text) };
  story = createBusStory(await ownStack({ output }));
});

const rule = { Name: 'all', EventPattern: everyOrder };
const ruleArn = 'arn:aws:events:us-east-1:123456789012:rule/all';
const arn = (service: string, resource: string) => `arn:aws:${service}:us-east-1:123456789012:${resource}`;
const RoleArn = 'arn:aws:iam::123456789012:role/any';
const logGroup = arn('logs', 'log-group:/aws/events/orders');

test('a queue target gets the unchanged text of the event or the output of its transformer', async () => {
  const queue = await story.createQueue('all');
  const transformer = {
    InputPathsMap: { order: '$.detail.order' },
    InputTemplate: '"order <order> of <aws.events.rule-name>"',
  };
  await story.putRule(
    rule,
    { Arn: queue.arn },
    { Arn: queue.arn, InputPath: '$.detail' },
    { Arn: queue.arn, Input: '[1.0]' },
    { Arn: queue.arn, InputTransformer: transformer },
  );
  const [id] = await story.put({ Detail: '{"order":1.50,"by":"\\u0001"}' });
  const [whole, ...made] = (await queue.receive(4))
    .map(({ Body = '' }) => Body)
    .toSorted((a, b) => b.length - a.length);
  expect(whole).toMatch(new RegExp(`^{"version":"0","id":"${id}",.*"detail":{"order":1.50,"by":"\\\\u0001"}}$`));
  expect(made).toEqual(['{"order":1.50,"by":"\\u0001"}', '"order 1.50 of all"', '[1.0]']);
});

test('a queue target and a dead-letter queue get the TraceHeader of an event as AWSTraceHeader', async () => {
  const queue = await story.createQueue('traced');
  const deadLetters = await story.createQueue('dead');
  const gone = { Arn: arn('sqs', 'gone'), DeadLetterConfig: { Arn: deadLetters.arn } };
  await story.putRule(rule, { Arn: queue.arn }, gone);
  const TraceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
  await story.put({ TraceHeader });
  for (const { receive } of [queue, deadLetters]) {
    const [message] = await receive(1, { MessageSystemAttributeNames: ['All'] });
    expect(message?.Attributes).toMatchObject({ AWSTraceHeader: TraceHeader });
  }
});

test('every target gets the numbers of an event with unchanged digits', async () => {
  const endpoint = await ownEndpoint();
  const destination = await story.createDestination('shop', endpoint.origin);
  const queue = await story.createQueue('all');
  const InputTransformer = {
    InputPathsMap: { id: '$.detail.id', price: '$.detail.price' },
    InputTemplate: '{"id": <id>, "text": "<id> <price>"}',
  };
  await story.putRule(
    { Name: 'all', EventPattern: '{"detail":{"id":[1152921506151679042],"exp":[{"numeric":[">",0]}]}}' },
    { Arn: destination, HttpParameters: { PathParameterValues: ['$.detail.id'] }, InputPath: '$.detail' },
    { Arn: queue.arn, InputPath: '$.detail' },
    { Arn: queue.arn, InputTransformer },
    { Arn: logGroup, InputPath: '$.detail.price' },
  );
  const Detail = '{"id":1152921506151679042,"price":19.90,"exp":1E400}';
  await story.put({ Detail: Detail.replace('042', '043') }, { Detail });
  await lines.count(3);
  expect(lines.items.some((line) => line.endsWith('  19.90'))).toBe(true);
  expect(endpoint.requests.map(({ path, body }) => [path, body])).toEqual([['/shop/1152921506151679042', Detail]]);
  const bodies = (await queue.receive(2)).map(({ Body = '' }) => Body);
  expect(bodies.toSorted()).toEqual(
    [Detail, '{"id": 1152921506151679042, "text": "1152921506151679042 19.90"}'].toSorted(),
  );
});

test('an event for a FIFO queue is sent with the message group that the target names', async () => {
  const queue = await story.createQueue('all.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  await story.putRule(rule, { Arn: queue.arn, SqsParameters: { MessageGroupId: 'orders' } });
  await story.put({ Detail: '{"n":1}' });
  const [message] = await queue.receive(1, { MessageSystemAttributeNames: ['MessageGroupId'] });
  expect(message?.Attributes).toMatchObject({ MessageGroupId: 'orders' });
});

test('a log group target prints the event as one short line without control characters', async () => {
  await story.putRule(rule, { Arn: logGroup }, { Arn: `${logGroup}:*`, InputPath: '$.detail.text' });
  const [id] = await story.put({ Detail: JSON.stringify({ text: `\u001b[31m\u2028${'x'.repeat(5000)}` }) });
  const [whole, text] = await lines.count(2);
  expect(whole).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}logged {2}\/aws\/events\/orders {2}event /);
  expect(whole).toContain(`event ${id}  {"version":"0","id":"${id}"`);
  expect(text).toContain('  "\\u001b[31m?xxx');
  expect(Math.max(whole?.length ?? 0, text?.length ?? 0)).toBeLessThan(1200);
});

test('the worker, not the rule, fills in the template in the target of an envelope', async () => {
  const endpoint = await ownEndpoint();
  const apiDestination = await story.createDestination('shop', endpoint.origin);
  const target = {
    Id: 'inner',
    HttpParameters: { PathParameterValues: ['$.detail.order'] },
    InputTransformer: { InputPathsMap: { order: '$.detail.order' }, InputTemplate: '{"number": {{order}}}' },
  };
  const InputTemplate = `{"apiDestination": "${apiDestination}", "event": <aws.events.event.json>, "rule": "<aws.events.rule-arn>", "target": ${JSON.stringify(target)}}`;
  const queue = { Arn: arn('sqs', 'lastmile-local-deliveries') };
  const deliver = { Arn: arn('lambda', 'function:lastmile-local-deliver') };
  await story.putRule(
    rule,
    { ...deliver, InputTransformer: { InputTemplate } },
    { ...queue, InputTransformer: { InputTemplate } },
  );
  await story.put({ Detail: '{"order":7}' });
  await lines.count(2);
  expect(endpoint.requests.map(({ path, body }) => [path, body])).toEqual([
    ['/shop/7', '{"number": 7}'],
    ['/shop/7', '{"number": 7}'],
  ]);
});

test('JSONata makes the body for a target of a rule: in the envelope that the target makes, or in the policy of its API destination', async () => {
  const endpoint = await ownEndpoint();
  const [shop, stock] = [
    await story.createDestination('shop', endpoint.origin),
    await story.createDestination('stock', endpoint.origin),
  ];
  await story.putPolicy('stock', { Transformer: { Type: 'JSONATA', Expression: '{"in stock": detail.order + 1}' } });
  const envelope = (Expression: string) => {
    const target = { HttpParameters: { PathParameterValues: ['1'] }, Transformer: { Type: 'JSONATA', Expression } };
    const InputTemplate = `{"apiDestination": "${shop}", "event": <aws.events.event.json>, "target": ${JSON.stringify(target)}}`;
    return { Arn: arn('sqs', 'lastmile-local-deliveries'), InputTransformer: { InputTemplate } };
  };
  await story.putRule(
    rule,
    { Arn: stock, HttpParameters: { PathParameterValues: ['2'] } },
    envelope('{"orders": [detail[order < 8 and order > 6].order]}'),
    envelope('{"orders": detail.}'),
  );
  await story.put({ Detail: '{"order":7}' });
  const printed = await lines.count(3);
  const sent = endpoint.requests.map(({ path, body }) => [path, body]);
  expect(sent.toSorted()).toEqual([
    ['/shop/1', '{"orders":[7]}'],
    ['/stock/2', '{"in stock":8}'],
  ]);
  expect(printed.join('\n')).toContain(
    'InvalidInvocation: The expression of the Transformer is not valid JSONata at character 19 (S0211).',
  );
});

test('events for a target that the local stack does not have go to the dead-letter queue of the target, and one error is printed', async () => {
  const dead = await story.createQueue('dead');
  const DeadLetterConfig = { Arn: dead.arn };
  const bucket = 'arn:aws:firehose:us-east-1:123456789012:deliverystream/x';
  await story.putRule(
    rule,
    { Arn: bucket, RoleArn, DeadLetterConfig },
    { Arn: arn('lambda', 'function:other') },
    { Arn: logGroup },
  );
  const ids = await story.put({ Detail: '{"n":1}' }, { Detail: '{"n":2}' });
  const messages = await dead.receive(2);
  expect(messages.map(({ Body = '' }) => (JSON.parse(Body) as { id: string }).id).toSorted()).toEqual(ids.toSorted());
  expect(messages.map(attributesOf)).toEqual(
    ids.map(() => ({
      RULE_ARN: ruleArn,
      TARGET_ARN: bucket,
      ERROR_CODE: 'NO_RESOURCE',
      ERROR_MESSAGE: `The local stack cannot deliver to ${bucket}.`,
      RETRY_ATTEMPTS: '0',
    })),
  );
  await lines.count(2);
  expect(errors.items.toSorted()).toEqual([
    `${ruleArn} target t-1: The local stack cannot deliver to ${bucket}. Its events are sent to its dead-letter queue dead.`,
    `${ruleArn} target t-2: The local stack has no function other. Its events are dropped.`,
  ]);
});

test.each([
  ['a queue that does not exist', arn('sqs', 'nowhere')],
  ['a queue of another region', 'arn:aws:sqs:eu-west-1:123456789012:dead'],
  ['a queue of another account', 'arn:aws:sqs:us-east-1:999999999999:dead'],
  ['another event bus', 'arn:aws:events:us-east-1:123456789012:event-bus/other'],
])('an event whose target is %s is dropped, and an error is printed', async (_what, Arn) => {
  await story.putRule(rule, { Arn, RoleArn });
  await story.put({});
  const [line] = await errors.count(1);
  expect(line).toMatch(/^arn:aws:events:us-east-1:123456789012:rule\/all target t-1: .* dropped\.$/);
});

test('an error is printed when the dead-letter queue of a target does not exist', async () => {
  const DeadLetterConfig = { Arn: arn('sqs', 'nowhere') };
  await story.putRule(rule, { Arn: arn('sns', 'topic'), DeadLetterConfig });
  const [id] = await story.put({});
  expect((await errors.count(2))[1]).toBe(
    `${ruleArn} target t-1: its dead-letter queue nowhere refused event ${id}; the event is dropped.`,
  );
});

test('an event is delivered to the other targets of a rule when the input of one target cannot be made', async () => {
  const InputTransformer = { InputPathsMap: { by: '$.detail.by' }, InputTemplate: '{"by": "<by>"}' };
  await story.putRule(
    rule,
    { Arn: logGroup, InputTransformer },
    { Arn: logGroup, InputPath: '$.detail.none' },
    { Arn: logGroup },
  );
  const [id] = await story.put({ Detail: '{"by":{"name":"Ada"}}' });
  await Promise.all([errors.count(2), lines.count(1)]);
  expect(errors.items[0]).toContain(
    `${ruleArn} target t-1: target.InputTransformer.InputTemplate has the placeholder by`,
  );
  expect(errors.items[0]).toMatch(new RegExp(`Event ${id} is not delivered to this target\\.$`));
  expect(errors.items[1]).toContain('target t-2: target.InputPath finds nothing in the event.');
  expect(lines.items).toHaveLength(1);
});

test('PutEvents accepts events for a bus that does not exist, and one line gives their number', async () => {
  const other = { EventBusName: 'other' };
  const answered = await story.put(other, other);
  expect(answered.every((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))).toBe(true);
  expect(await errors.count(1)).toEqual([
    '2 events named an event bus that does not exist. The last one: other in us-east-1. Such events are dropped: create the bus, or correct EventBusName.',
  ]);
});

test('one line says how many events matched no rule, and shows the last of them', async () => {
  await story.events.send(new PutRuleCommand({ Name: 'without-target', EventPattern: everyOrder }));
  await story.put({}, { DetailType: 'Order\nPaid' });
  const [line] = await lines.count(1);
  expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}unmatched {2}2 events matched no rule that has a target\. /);
  expect(line).toMatch(/The last one: event bus default in us-east-1, source shop, detail-type Order\?Paid$/);
});

test('a request for an operation that the stack does not have leaves a line', async () => {
  await expect(story.events.send(new ListArchivesCommand({}))).rejects.toThrow();
  expect(await errors.count(1)).toEqual([
    '1 request asked for an operation that this stack does not have. The last one: AWSEvents.ListArchives.',
  ]);
});
