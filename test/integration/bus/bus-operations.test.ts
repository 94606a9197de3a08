import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateConnectionCommand,
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EventBridgeClient,
  ListConnectionsCommand,
  ListRuleNamesByTargetCommand,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  TestEventPatternCommand,
  UpdateEventBusCommand,
} from '@aws-sdk/client-eventbridge';
import { describe, expect, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { clientConfig } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import { startStackProcess } from '../../servers/aws/stack-process.ts';

let stack: Stack;

sharedStack.beforeAll(({ stack: started }) => {
  stack = started;
});

function client(region = 'us-east-1', endpoint = stack.url): EventBridgeClient {
  return new EventBridgeClient(clientConfig(endpoint, { region }));
}

const EventPattern = '{"source":["shop"]}';
const queue = 'arn:aws:sqs:us-east-1:123456789012:q';

describe('the AWS SDK on the bus', () => {
  test('the AWS SDK creates, reads, changes and deletes a bus, a rule and a target', async () => {
    const events = client();
    const created = await events.send(new CreateEventBusCommand({ Name: 'shop', Description: 'first' }));
    expect(created.EventBusArn).toBe('arn:aws:events:us-east-1:123456789012:event-bus/shop');
    await events.send(new UpdateEventBusCommand({ Name: 'shop', Description: 'second' }));
    const described = await events.send(new DescribeEventBusCommand({ Name: 'shop' }));
    expect(described).toMatchObject({ Description: 'second', CreationTime: expect.any(Date) });
    const on = { EventBusName: 'shop' };
    const { RuleArn } = await events.send(new PutRuleCommand({ Name: 'orders', ...on, EventPattern }));
    expect(RuleArn).toBe('arn:aws:events:us-east-1:123456789012:rule/shop/orders');
    const put = await events.send(
      new PutTargetsCommand({ Rule: 'orders', ...on, Targets: [{ Id: 'a', Arn: queue, InputPath: '$.detail' }] }),
    );
    expect(put).toMatchObject({ FailedEntryCount: 0, FailedEntries: [] });
    const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: 'orders', ...on }));
    expect(Targets).toEqual([{ Id: 'a', Arn: queue, InputPath: '$.detail' }]);
    await events.send(new DisableRuleCommand({ Name: 'orders', ...on }));
    expect(await events.send(new DescribeRuleCommand({ Name: 'orders', ...on }))).toMatchObject({ State: 'DISABLED' });
    await events.send(new RemoveTargetsCommand({ Rule: 'orders', ...on, Ids: ['a'] }));
    const refused = { name: 'ValidationException', message: "EventBus can't be deleted since it has rules." };
    await expect(events.send(new DeleteEventBusCommand({ Name: 'shop' }))).rejects.toMatchObject(refused);
  });

  test('the AWS SDK pages through rules, and through the rules of a target', async () => {
    const events = client('eu-central-1');
    const names = ['r-0', 'r-1', 'r-2', 'r-3', 'r-4'];
    for (const Name of names) {
      await events.send(new PutRuleCommand({ Name, EventPattern }));
      await events.send(new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 'a', Arn: queue }] }));
    }
    const rules: (string | undefined)[] = [];
    let page: { readonly NextToken?: string | undefined } = {};
    do {
      const listed = await events.send(new ListRulesCommand({ Limit: 2, NextToken: page.NextToken }));
      rules.push(...(listed.Rules ?? []).map(({ Name }) => Name));
      page = listed;
    } while (page.NextToken !== undefined);
    expect(rules).toEqual(names);
    const ofTarget: string[] = [];
    do {
      const more = { TargetArn: queue, Limit: 3, NextToken: page.NextToken };
      const listed = await events.send(new ListRuleNamesByTargetCommand(more));
      ofTarget.push(...(listed.RuleNames ?? []));
      page = listed;
    } while (page.NextToken !== undefined);
    expect(ofTarget).toEqual(names);
  });

  test('a request of the AWS SDK goes to the bus of the region in its signature', async () => {
    await client('us-west-2').send(new CreateEventBusCommand({ Name: 'west' }));
    const elsewhere = client('ap-south-1').send(new DescribeEventBusCommand({ Name: 'west' }));
    const refused = { name: 'ResourceNotFoundException', message: 'Event bus west does not exist.' };
    await expect(elsewhere).rejects.toMatchObject({ ...refused, $metadata: { httpStatusCode: 400 } });
  });

  test('the AWS SDK tests an event pattern', async () => {
    const event = { id: '1', account: '123456789012', source: 'shop', time: '2026-01-01T00:00:00Z' };
    const Event = JSON.stringify({ ...event, 'detail-type': 't', region: 'eu-west-1', resources: [], detail: {} });
    expect(await client().send(new TestEventPatternCommand({ EventPattern, Event }))).toMatchObject({ Result: true });
    const refused = client().send(new TestEventPatternCommand({ EventPattern: '{"source":"shop"}', Event }));
    await expect(refused).rejects.toMatchObject({ name: 'InvalidEventPatternException' });
  });

  test('the AWS SDK reaches connections and the bus at the same address', async () => {
    const BasicAuthParameters = { Username: 'jo', Password: 'secret' };
    const connection = { Name: 'c', AuthorizationType: 'BASIC' as const, AuthParameters: { BasicAuthParameters } };
    await client().send(new CreateConnectionCommand(connection));
    const { Connections } = await client().send(new ListConnectionsCommand({}));
    expect(Connections).toMatchObject([{ Name: 'c', ConnectionState: 'AUTHORIZED' }]);
  });
});

describe('on the wire', () => {
  function post(operation: string, body: string): Promise<Response> {
    const headers = { 'x-amz-target': `AWSEvents.${operation}`, 'content-type': 'application/x-amz-json-1.1' };
    return fetch(stack.url, { method: 'POST', headers, body });
  }

  test('a refusal of the bus has status 400, a request id, and its code in the body and a header', async () => {
    const response = await post('DescribeRule', '{"Name":"gone"}');
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/x-amz-json-1.1');
    expect(response.headers.get('x-amzn-errortype')).toBe('ResourceNotFoundException');
    expect(response.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    const message = 'Rule gone does not exist on EventBus default.';
    expect(await response.json()).toEqual({ __type: 'ResourceNotFoundException', message });
  });

  test.each([
    ['PutRule with half a JSON object', 'SerializationException', 'PutRule', '{"Name":'],
    ['PutRule with a number as Name', 'SerializationException', 'PutRule', '{"Name":7,"EventPattern":"{}"}'],
    ['PutRule with a list as its body', 'SerializationException', 'PutRule', '[]'],
    ['PutRule without a name', 'ValidationException', 'PutRule', '{}'],
    ['the unknown operation PaintBus', 'UnknownOperationException', 'PaintBus', '{}'],
    ['the unknown operation constructor', 'UnknownOperationException', 'constructor', '{}'],
  ])('the bus refuses %s with %s', async (_what, code, operation, body) => {
    const response = await post(operation, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: code });
  });

  test('an operation of the bus without arguments accepts an empty body', async () => {
    const response = await post('ListEventBuses', '');
    expect(await response.json()).toMatchObject({ EventBuses: expect.arrayContaining([]) });
    expect(response.status).toBe(200);
  });
});

test('buses, rules, targets and tags of every region survive a kill', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lastmile-bus-'));
  const first = startStackProcess(['--port', '0', '--data-dir', folder]);
  const second: ReturnType<typeof startStackProcess>[] = [];
  try {
    for (const region of ['us-east-1', 'eu-west-1']) {
      const events = client(region, await first.url);
      await events.send(new CreateEventBusCommand({ Name: 'shop', Tags: [{ Key: 'team', Value: region }] }));
      await events.send(new PutRuleCommand({ Name: 'orders', EventBusName: 'shop', EventPattern, State: 'DISABLED' }));
      const Targets = [{ Id: 'a', Arn: queue, RetryPolicy: { MaximumRetryAttempts: 3 } }];
      await events.send(new PutTargetsCommand({ Rule: 'orders', EventBusName: 'shop', Targets }));
    }
    first.process.kill('SIGKILL');
    await first.ended;
    const again = startStackProcess(['--port', '0', '--data-dir', folder]);
    second.push(again);
    for (const region of ['us-east-1', 'eu-west-1']) {
      const events = client(region, await again.url);
      const rule = await events.send(new DescribeRuleCommand({ Name: 'orders', EventBusName: 'shop' }));
      expect(rule).toMatchObject({ EventPattern, State: 'DISABLED' });
      const targets = await events.send(new ListTargetsByRuleCommand({ Rule: 'orders', EventBusName: 'shop' }));
      expect(targets.Targets).toEqual([{ Id: 'a', Arn: queue, RetryPolicy: { MaximumRetryAttempts: 3 } }]);
      const ResourceARN = `arn:aws:events:${region}:123456789012:event-bus/shop`;
      const { Tags } = await events.send(new ListTagsForResourceCommand({ ResourceARN }));
      expect(Tags).toEqual([{ Key: 'team', Value: region }]);
    }
  } finally {
    for (const { process } of [first, ...second]) process.kill('SIGKILL');
    await Promise.all([first, ...second].map(({ ended }) => ended));
    rmSync(folder, { recursive: true });
  }
});
