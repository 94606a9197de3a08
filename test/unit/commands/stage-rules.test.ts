import { expect, onTestFinished, test } from 'vitest';
import { callEventBridge, isAboutRules } from '../../../lib/commands/console/stage-rules.ts';
import { serviceOperations } from '../../../lib/console/api/operations.ts';
import type { EndpointAnswer } from '../../servers/endpoints/recording-endpoint.ts';
import { startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

async function eventBridgeThat(answer: EndpointAnswer) {
  const server = await startRecordingEndpoint(() => answer);
  onTestFinished(() => server.close());
  const credentials = { accessKeyId: 'AKIATEAM', secretAccessKey: 'a' };
  return { server, aws: { region: 'eu-west-1', endpoint: server.origin, credentials } };
}

test('the console of a stage reads rules from EventBridge with the credentials of the person, and gives times as seconds', async () => {
  const { server, aws } = await eventBridgeThat({
    body: '{"EventBuses":[{"Name":"default","CreationTime":1700000000.5}],"NextToken":"more"}',
  });
  const answer = await callEventBridge('ListEventBuses', { Limit: 1 }, aws);
  expect(answer).toEqual({
    output: { EventBuses: [{ Name: 'default', CreationTime: 1700000000.5 }], NextToken: 'more' },
  });
  const [asked] = server.requests;
  expect([asked?.headers['x-amz-target'], asked?.body]).toEqual(['AWSEvents.ListEventBuses', '{"Limit":1}']);
  expect(asked?.headers['authorization']).toMatch(/Credential=AKIATEAM\/\d{8}\/eu-west-1\/events\/aws4_request/);
});

test('a refusal of EventBridge reaches the page with its code and its text', async () => {
  const body = '{"__type":"ResourceNotFoundException","message":"Rule paid does not exist."}';
  const { aws } = await eventBridgeThat({ status: 400, body });
  expect(await callEventBridge('DescribeRule', { Name: 'paid' }, aws)).toEqual({
    error: { code: 'ResourceNotFoundException', message: 'Rule paid does not exist.' },
  });
});

const operations = Object.entries(serviceOperations).filter(([name]) => /Rule|Target|EventBus|Pattern/.test(name));

test.each(operations)(
  'the console of a stage sends %s, which %s, to EventBridge only if it reads',
  async (name, effect) => {
    const { server, aws } = await eventBridgeThat({ body: '{}' });
    const answer = await callEventBridge(name, { Name: 'paid' }, aws);
    expect(isAboutRules(name)).toBe(true);
    expect(server.requests).toHaveLength(effect === 'reads' ? 1 : 0);
    if (effect === 'changes') expect(answer).toMatchObject({ error: { code: 'RulesAreReadOnly' } });
  },
);

test('the console of a stage sends operations that are not about rules to the functions of the stack', () => {
  expect(['ListConnections', 'PutDeliveryPolicy', 'ListDeliveries', 'SendTestEvent'].filter(isAboutRules)).toEqual([]);
});
