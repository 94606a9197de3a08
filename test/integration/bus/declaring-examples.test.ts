import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { Target } from '@aws-sdk/client-eventbridge';
import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../lib/core/input/json.ts';
import { isJsonObject } from '../../../lib/core/input/json.ts';
import { ownClients, ownEndpoint, ownStack } from '../../fixtures/stack.ts';
import type { RecordedRequest } from '../../servers/endpoints/recording-endpoint.ts';
import { createBusStory, Growing } from './bus-story.ts';
import { declaringNames, defaultsOf, exampleTemplate, resolve } from './example-rules.ts';

interface Declared {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: JsonObject;
  readonly physicalId: string;
}

/** Does with the resources of a template what CloudFormation does, in the order of the template. */
test('the templates that declare API destinations deliver the events of their rules, and leave nothing when they are deleted', async () => {
  const requests = new Growing<RecordedRequest>();
  const endpoint = await ownEndpoint((request) => {
    if (request.path.startsWith('/events')) requests.push(request);
    return undefined;
  });
  const stack = await ownStack();
  const { lambda } = ownClients(stack);
  const story = createBusStory(stack);
  await story.createQueue('undelivered');

  async function ask(
    RequestType: string,
    stackName: string,
    declared: Omit<Declared, 'physicalId'>,
    physicalId?: string,
  ) {
    const request = {
      RequestType,
      ResponseURL: `${endpoint.origin}/answer`,
      StackId: `arn:aws:cloudformation:us-east-1:123456789012:stack/${stackName}/1`,
      RequestId: `${RequestType}-${declared.logicalId}`,
      ResourceType: declared.type,
      LogicalResourceId: declared.logicalId,
      ...(physicalId !== undefined && { PhysicalResourceId: physicalId }),
      ResourceProperties: withTexts(declared.properties),
    };
    await lambda.send(
      new InvokeCommand({ FunctionName: 'lastmile-local-resources', Payload: JSON.stringify(request) }),
    );
    const answers = endpoint.requests.filter(({ path }) => path === '/answer');
    return JSON.parse(answers.at(-1)?.body ?? '') as {
      readonly Status: string;
      readonly Reason?: string;
      readonly PhysicalResourceId: string;
      readonly Data: Record<string, string>;
    };
  }

  expect(declaringNames).toEqual(['declared-sam.yml', 'declared.yml']);
  for (const [index, file] of declaringNames.entries()) {
    const { Parameters, Resources } = exampleTemplate(file);
    const stackName = file.replace('.yml', '');
    let known: Record<string, string> = {
      ...defaultsOf(Parameters),
      'AWS::Partition': 'aws',
      'AWS::Region': 'us-east-1',
      'AWS::AccountId': '123456789012',
      'Undelivered.Arn': 'arn:aws:sqs:us-east-1:123456789012:undelivered',
      Stage: 'local',
      Endpoint: `${endpoint.origin}/events/${stackName}`,
      Host: '127.0.0.1',
    };
    const made: Declared[] = [];
    for (const [logicalId, resource] of Object.entries(Resources as JsonObject)) {
      const type = isJsonObject(resource) ? String(resource['Type']) : '';
      if (!isJsonObject(resource) || !type.startsWith('Custom::')) continue;
      const declared = { logicalId, type, properties: resolve(resource['Properties'] ?? {}, known) as JsonObject };
      const answer = await ask('Create', stackName, declared);
      expect([logicalId, answer.Reason]).toEqual([logicalId, undefined]);
      made.unshift({ ...declared, physicalId: answer.PhysicalResourceId });
      const attributes = Object.entries(answer.Data).map(([name, value]) => [`${logicalId}.${name}`, value]);
      known = { ...known, [logicalId]: answer.PhysicalResourceId, ...Object.fromEntries(attributes) };
    }
    const rule = resolve((Resources as { Rule: { Properties: JsonObject } }).Rule.Properties, known) as JsonObject;
    const [target] = rule['Targets'] as unknown as readonly (Target & { readonly Arn: string })[];
    if (target === undefined) throw new Error(`${file} has no target.`);
    await story.putRule({ Name: stackName, EventPattern: JSON.stringify(rule['EventPattern']) }, target);
    await story.put({ Source: index === 0 ? 'shop' : 'till', DetailType: 'Order Placed', Detail: '{"order": 7}' });
    const request = (await requests.count(index + 1)).at(-1);
    expect(request).toMatchObject({
      path: `/events/${stackName}`,
      body: expect.stringContaining('"detail":{"order": 7}'),
    });
    for (const declared of made) {
      expect(await ask('Delete', stackName, declared, declared.physicalId)).toMatchObject({ Status: 'SUCCESS' });
    }
  }
  const left = await lambda.send(
    new InvokeCommand({
      FunctionName: 'lastmile-local-control-api',
      Payload: '{"operation":"ListConnections","input":{}}',
    }),
  );
  expect(left.Payload?.transformToString()).toBe('{"output":{"Connections":[]}}');
});

/** CloudFormation sends numbers and booleans as texts, and resolves references to secrets. */
function withTexts(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((member: JsonValue) => withTexts(member));
  if (!isJsonObject(value)) return String(value).replace(/^{{resolve:secretsmanager:.*}}$/, 'opensesame');
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withTexts(member)]));
}
