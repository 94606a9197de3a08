import { describe, expect, test } from 'vitest';
import { packageTemplate, type Template, templateOf } from './packaged-template.ts';

/** What osls adds for itself: a bucket for the code of the functions, and outputs for other services of osls. */
const ofOsls = /^(ServerlessDeploymentBucket|ControlDashapiLambdaFunctionUrl$)/;

/** A template without what may differ: the place of the code, and what osls adds for itself. */
function comparable({ Resources, Outputs }: Template) {
  const resources = Object.entries(Resources).map(([id, { Properties, ...resource }]) => {
    const { Code, DestinationConfig, ...properties } = Properties;
    return [
      id,
      {
        ...resource,
        ...properties,
        ...(Code !== undefined && { Code: 'its zip' }),
        // osls writes an empty member when a function has no destination.
        ...(JSON.stringify(DestinationConfig) !== '{}' && { DestinationConfig }),
      },
    ];
  });
  const kept = (entries: readonly (readonly unknown[])[]) =>
    Object.fromEntries(entries.filter(([id]) => !String(id).startsWith('ServerlessDeploymentBucket'))) as object;
  const outputs = Object.entries(Outputs).filter(([id]) => !ofOsls.test(id));
  return { resources: kept(resources), outputs: Object.fromEntries(outputs) as object };
}

describe('the template of a stage that is made without osls', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['the default parameters', {}],
    [
      'every parameter',
      {
        kmsKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/5f0e',
        deadLetterQueueArns: 'arn:aws:sqs:eu-central-1:123456789012:dead',
        secretArns: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-??????',
        keyArns: 'arn:aws:kms:eu-central-1:123456789012:key/600d',
        ruleArns: 'arn:aws:events:eu-central-1:123456789012:rule/a, arn:aws:events:eu-central-1:123456789012:rule/b',
        subnetIds: 'subnet-0a,subnet-0b',
        securityGroupIds: 'sg-0c',
        functionTimeoutSeconds: '120',
        deliverReservedConcurrency: '7',
        controlApiReservedConcurrency: '3',
        maximumConcurrency: '20',
        batchingWindowSeconds: '5',
        logRetentionDays: '7',
        failedInvocationsDays: '14',
        keepEventsDays: '8',
        orderedDeliveries: 'true',
        eventBusName: 'shop',
        stateEventsBusName: 'states',
        privateNetworkAllowlist: '10.0.0.0/8, fd00::/8',
        alarmTopicArn: 'arn:aws:sns:eu-central-1:123456789012:on-call',
        deletionProtection: 'false',
      },
    ],
  ])('with %s, it has the resources and outputs of the template that osls makes', async (_, parameters) => {
    const [ours, theirs] = await Promise.all([templateOf('prod', parameters), packageTemplate('prod', parameters)]);
    expect(comparable(ours)).toEqual(comparable(theirs));
    expect(Object.keys(ours.Outputs)).not.toContain('ServerlessDeploymentBucketName');
  });

  test('a parameter that does not exist is refused with those that do', async () => {
    await expect(templateOf('prod', { alarmTopic: 'x' })).rejects.toThrow(
      /^There is no parameter alarmTopic\. There are kmsKeyArn, .*alarmTopicArn/,
    );
  });

  test('a parameter with a bad value is refused', async () => {
    await expect(templateOf('prod', { alarmTopicArn: 'x' })).rejects.toThrow(
      'alarmTopicArn must be the ARN of an SNS topic',
    );
  });
});
