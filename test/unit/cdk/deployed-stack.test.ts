import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, SecretValue, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiDestination, Connection, Lastmile, LastmileTarget } from '../../../lib/cdk/index.ts';

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
}
interface StackParts {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: object;
}

const require = createRequire(import.meta.url);
const { stackTemplate } = require('../../../infra/template/stack.cjs') as {
  stackTemplate(given: { stage: string; parameters: object; codeOf: () => string }): Promise<StackParts>;
};
const { functionNames } = require('../../../infra/template/service.cjs') as { functionNames(): string[] };

let codeFolder: string;
beforeAll(() => {
  codeFolder = mkdtempSync(join(tmpdir(), 'lastmile-zips-'));
  for (const name of functionNames()) writeFileSync(join(codeFolder, `${name}.zip`), `zip of ${name}`);
});
afterAll(() => rmSync(codeFolder, { recursive: true }));

const synthesized = (stack: Stack): StackParts => Template.fromStack(stack).toJSON() as StackParts;

const isFunction = ({ Type }: Resource): boolean => Type === 'AWS::Lambda::Function';

function withoutCode({ Resources }: StackParts): object {
  const entries = Object.entries(Resources).map(([id, resource]) => {
    const { Code: _, ...Properties } = resource.Properties;
    const { DependsOn, ...others } = resource;
    // The order means nothing, and the CDK sorts it.
    const sorted = DependsOn && { DependsOn: DependsOn.toSorted() };
    return [id, { ...others, ...sorted, ...(isFunction(resource) && { Properties }) }];
  });
  return Object.fromEntries(entries) as object;
}

test('a CDK stack with Lastmile has the resources and outputs that lastmile deploy deploys, with the zips as assets', async () => {
  const parameters = { maximumConcurrency: 7, orderedDeliveries: true };
  const stack = new Stack(new App(), 'Events');
  const lastmile = new Lastmile(stack, 'Lastmile', { stage: 'prod', parameters, codeFolder });
  const [ours, deployed] = [
    synthesized(stack),
    await stackTemplate({ stage: 'prod', parameters, codeOf: () => 'zip' }),
  ];
  expect(withoutCode(ours)).toEqual(JSON.parse(JSON.stringify(withoutCode(deployed))));
  expect(ours.Outputs).toEqual(deployed.Outputs);
  expect(JSON.stringify(ours)).toContain('"MaximumConcurrency":7');
  const { OrderedDeliveryQueue } = ours.Resources;
  expect(lastmile.orderedDeliveryQueueArn).toMatch(/:lastmile-prod-ordered-deliveries\.fifo$/);
  expect(OrderedDeliveryQueue?.Properties).toMatchObject({ QueueName: 'lastmile-prod-ordered-deliveries.fifo' });
  const keys = Object.values(ours.Resources)
    .filter(isFunction)
    .map(({ Properties }) => (Properties['Code'] as { S3Key: string }).S3Key);
  expect(new Set(keys).size).toBe(functionNames().length);
  expect(keys.filter((key) => !/^[0-9a-f]{64}\.zip$/.test(key))).toEqual([]);
});

test('a connection, an API destination and a rule of the same CDK stack wait until Lastmile is deployed', () => {
  const stack = new Stack(new App(), 'Events');
  const lastmile = new Lastmile(stack, 'Lastmile', { stage: 'prod', codeFolder });
  const connection = new Connection(stack, 'Partner', {
    lastmile,
    authorization: events.Authorization.basic('me', SecretValue.secretsManager('partner')),
  });
  const destination = new ApiDestination(stack, 'Orders', {
    lastmile,
    connection,
    endpoint: 'https://a.example/orders',
  });
  new events.Rule(stack, 'Rule', {
    eventPattern: { source: ['shop'] },
    targets: [new LastmileTarget(destination)],
  });
  const { Resources } = synthesized(stack);
  for (const type of ['Custom::LastmileConnection', 'Custom::LastmileApiDestination', 'AWS::Events::Rule']) {
    const [resource] = Object.values(Resources).filter(({ Type }) => Type === type);
    expect(resource?.DependsOn).toEqual(expect.arrayContaining(['DeliveryQueue', 'ResourcesLambdaFunction', 'Table']));
  }
});

test('Lastmile in a CDK stack names a wrong parameter, and a folder that lacks a zip', () => {
  const stack = new Stack(new App(), 'Events');
  const wrong = { stage: 'prod', parameters: { maximumConcurrency: 1 }, codeFolder };
  expect(() => new Lastmile(stack, 'Wrong', wrong)).toThrow(
    'Bad stage parameters: maximumConcurrency must be a whole number from 2 to 1000',
  );
  expect(() => new Lastmile(stack, 'Empty', { stage: 'prod', codeFolder: import.meta.dirname })).toThrow(
    /has no [a-z-]+\.zip\. Use the zips of an installed package/,
  );
});
