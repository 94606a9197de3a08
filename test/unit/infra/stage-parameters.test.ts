import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { functionNames, templateOf, type Resource, runOsls, runOslsWith, type Template } from './packaged-template.ts';

interface Parameter {
  readonly meaning: string;
  readonly unit?: string;
}

const require = createRequire(import.meta.url);
const parametersFile = require('../../../infra/template/parameters.cjs') as {
  readonly parameters: Readonly<Record<string, Parameter>>;
  parseParameters(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
};
const { parameters, parseParameters } = parametersFile;

const repository = join(import.meta.dirname, '..', '..', '..');
const defaults = readDefaults();
const keyArn = 'arn:aws-cn:kms:cn-north-1:123456789012:key/5f0e';
const topicArn = 'arn:aws:sns:eu-central-1:123456789012:on-call';
const ruleArn = 'arn:aws:events:eu-central-1:123456789012:rule/shop/orders';

describe('a stack whose stage gives every parameter', () => {
  let template: Template;
  beforeAll(async () => {
    template = await templateOf('test', {
      kmsKeyArn: keyArn,
      ruleArns: `${ruleArn}, ${ruleArn}-2`,
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
      alarmTopicArn: topicArn,
      deletionProtection: 'false',
    });
  }, 120_000);

  const properties = (id: string): Resource['Properties'] | undefined => template.Resources[id]?.Properties;
  const ofType = (type: string): readonly Resource['Properties'][] =>
    Object.values(template.Resources).flatMap(({ Type, Properties }) => (Type === type ? [Properties] : []));

  /** The functions that have this variable, with its value. */
  const knowing = (variable: string) =>
    Object.entries(template.Resources)
      .flatMap(([id, { Type, Properties }]) => {
        const value = Properties.Environment?.Variables[variable];
        return Type !== 'AWS::Lambda::Function' || value === undefined ? [] : [[id, value] as const];
      })
      .toSorted(([one], [other]) => (one < other ? -1 : 1));

  test('a stack with a KMS key uses this key to encrypt everything that it stores', () => {
    expect(properties('Table')).toMatchObject({
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: keyArn },
    });
    for (const id of ['DeliveryQueue', 'OrderedDeliveryQueue', 'DeadLetterQueue']) {
      expect(properties(id)).toMatchObject({ KmsMasterKeyId: keyArn });
      expect(properties(id)).not.toHaveProperty('SqsManagedSseEnabled');
    }
    expect(properties('RootSecret')).toMatchObject({ KmsKeyId: keyArn });
    expect(ofType('AWS::Logs::LogGroup')).toMatchObject(
      Array(functionNames.length).fill({ KmsKeyId: keyArn, RetentionInDays: 7 }),
    );
    const ServerSideEncryptionByDefault = { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn };
    expect(properties('FailedInvocations')).toMatchObject({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault, BucketKeyEnabled: true }],
      },
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 14 }] },
    });
  });

  test('a stage that keeps events has an encrypted, private bucket for them, which remains and deletes them after that many days', () => {
    const { KeptEvents, KeptEventsPolicy, FailedInvocations, FailedInvocationsPolicy } = template.Resources;
    const text = (resource: Resource | undefined) => JSON.stringify(resource);
    const inOtherBucket = (resource: Resource | undefined) =>
      text(resource)
        ?.replaceAll('KeptEvents', 'FailedInvocations')
        .replace('"ExpirationInDays":8', '"ExpirationInDays":14');
    // Other tests check every member of the bucket of failed invocations and of its policy.
    expect(text(KeptEvents)).toContain('"ExpirationInDays":8');
    expect(inOtherBucket(KeptEvents)).toBe(text(FailedInvocations));
    expect(inOtherBucket(KeptEventsPolicy)).toBe(text(FailedInvocationsPolicy));
    expect(template.Outputs).toMatchObject({ KeptEventsBucket: { Value: { Ref: 'KeptEvents' } } });
  });

  test('the functions that keep or read events know the bucket of kept events, and no others', () => {
    const url = { 'Fn::Sub': 'https://${KeptEvents.RegionalDomainName}/events/' };
    const ids = ['ControlDashapiLambdaFunction', 'DeliverDashqueuedLambdaFunction', 'DeliverLambdaFunction'];
    expect(knowing('KEPT_EVENTS_URL')).toEqual(ids.map((id) => [id, url]));
  });

  test('a stage with ordered deliveries has a FIFO queue, which remains and has the policy of the delivery queue', () => {
    const { OrderedDeliveryQueue, OrderedDeliveryQueuePolicy, DeliveryQueue, DeliveryQueuePolicy } = template.Resources;
    const { QueueName, VisibilityTimeout, RedrivePolicy, ...shared } = DeliveryQueue?.Properties ?? {};
    expect(OrderedDeliveryQueue).toEqual({
      ...DeliveryQueue,
      Properties: {
        ...shared,
        QueueName: 'lastmile-test-ordered-deliveries.fifo',
        VisibilityTimeout: 6 * 120,
        FifoQueue: true,
        ContentBasedDeduplication: true,
        DeduplicationScope: 'messageGroup',
        FifoThroughputLimit: 'perMessageGroupId',
      },
    });
    const text = (policy: Resource | undefined) => JSON.stringify(policy);
    expect(text(OrderedDeliveryQueuePolicy)).toBe(
      text(DeliveryQueuePolicy)?.replaceAll('DeliveryQueue', 'OrderedDeliveryQueue'),
    );
    expect(template.Outputs).toMatchObject({
      OrderedDeliveryQueueUrl: { Value: { Ref: 'OrderedDeliveryQueue' } },
      OrderedDeliveryQueueArn: { Value: { 'Fn::GetAtt': ['OrderedDeliveryQueue', 'Arn'] } },
    });
  });

  test('deliver-queued reads the FIFO queue as it reads the delivery queue, but without a batching window', () => {
    const mapping = (queueId: string) => template.Resources[`DeliverDashqueuedEventSourceMappingSQS${queueId}`];
    const { Properties: ofDeliveryQueue, ...rest } = mapping('DeliveryQueue') ?? {};
    const { MaximumBatchingWindowInSeconds: _, ...Properties } = ofDeliveryQueue ?? {};
    const EventSourceArn = { 'Fn::GetAtt': ['OrderedDeliveryQueue', 'Arn'] };
    expect(mapping('OrderedDeliveryQueue')).toEqual({ ...rest, Properties: { ...Properties, EventSourceArn } });
  });

  test('the functions that use the FIFO queue know its URL, and no others', () => {
    expect(knowing('ORDERED_QUEUE_URL')).toEqual(
      ['ControlDashapi', 'DeliverDashqueued', 'Deliver', 'Resources'].map((id) => [
        `${id}LambdaFunction`,
        { Ref: 'OrderedDeliveryQueue' },
      ]),
    );
  });

  test.each(['Deliver', 'DeliverDashqueued', 'AuthorizeDashconnection'])(
    'the stage parameters subnetIds and securityGroupIds put %sLambdaFunction into the VPC',
    (id) => {
      const VpcConfig = { SubnetIds: ['subnet-0a', 'subnet-0b'], SecurityGroupIds: ['sg-0c'] };
      expect(properties(`${id}LambdaFunction`)).toMatchObject({ VpcConfig, Timeout: 120 });
    },
  );

  test('stage parameters set the reserved concurrency and the maximum concurrency of the delivery queue', () => {
    expect(properties('DeliverLambdaFunction')).toMatchObject({ ReservedConcurrentExecutions: 7 });
    expect(properties('ControlDashapiLambdaFunction')).toMatchObject({ ReservedConcurrentExecutions: 3, Timeout: 30 });
    expect(properties('RedriveLambdaFunction')).toMatchObject({ Timeout: 120 });
    expect(properties('DeliverDashqueuedEventSourceMappingSQSDeliveryQueue')).toMatchObject({
      MaximumBatchingWindowInSeconds: 5,
      ScalingConfig: { MaximumConcurrency: 20 },
    });
  });

  test('the visibility timeout of the delivery queue is six time limits plus the batching window', () => {
    expect(properties('DeliveryQueue')).toMatchObject({ VisibilityTimeout: 6 * 120 + 5 });
    const Variables = {
      FUNCTION_TIMEOUT_SECONDS: '120',
      EVENT_BUS_NAME: 'shop',
      PRIVATE_NETWORK_ALLOWLIST: '10.0.0.0/8, fd00::/8',
    };
    expect(ofType('AWS::Lambda::Function')).toMatchObject(
      Array(functionNames.length).fill({ Environment: { Variables } }),
    );
  });

  test('the stage parameter of rule ARNs limits the rules that may send to the delivery queue', () => {
    expect(properties('DeliveryQueuePolicy')?.PolicyDocument?.Statement[1]).toMatchObject({
      Condition: { ArnLike: { 'aws:SourceArn': [ruleArn, `${ruleArn}-2`] } },
    });
  });

  test('stage parameters can turn off deletion protection and send every alarm to a topic', () => {
    expect(properties('Table')).toMatchObject({ DeletionProtectionEnabled: false });
    const alarms = ofType('AWS::CloudWatch::Alarm');
    expect(alarms.length).toBeGreaterThan(10);
    for (const alarm of alarms) expect(alarm).toMatchObject({ AlarmActions: [topicArn], OKActions: [topicArn] });
  });
});

describe('stage parameters', () => {
  test('an absent or empty stage parameter has the default of serverless.yml', () => {
    expect(parseParameters(defaults)).toEqual({
      kmsKeyArn: undefined,
      deadLetterQueueArns: [],
      secretArns: [],
      keyArns: [],
      ruleArns: [],
      subnetIds: [],
      securityGroupIds: [],
      functionTimeoutSeconds: 60,
      deliverReservedConcurrency: undefined,
      controlApiReservedConcurrency: undefined,
      maximumConcurrency: 50,
      batchingWindowSeconds: 0,
      logRetentionDays: 30,
      failedInvocationsDays: 90,
      keepEventsDays: 0,
      orderedDeliveries: false,
      eventBusName: 'default',
      stateEventsBusName: undefined,
      privateNetworkAllowlist: undefined,
      alarmTopicArn: undefined,
      deletionProtection: true,
    });
  });

  test.each([
    ['kmsKeyArn', 'alias/mine', 'must be the ARN of a KMS key'],
    ['secretArns', 'arn:aws:sqs:eu-central-1:123456789012:x', 'must be ARNs of secrets, with commas between'],
    ['keyArns', 'alias/mine', 'must be ARNs of KMS keys, with commas between'],
    ['deadLetterQueueArns', 'orders', 'must be ARNs of SQS queues, with commas between'],
    ['functionTimeoutSeconds', '14', 'must be a whole number from 15 to 900'],
    ['functionTimeoutSeconds', '', 'is required'],
    ['maximumConcurrency', '1', 'must be a whole number from 2 to 1000'],
    ['maximumConcurrency', '2.5', 'must be a whole number from 2 to 1000'],
    ['batchingWindowSeconds', '301', 'must be a whole number from 0 to 300'],
    ['deliverReservedConcurrency', '0', 'must be a whole number from 1 to 100000'],
    ['deletionProtection', 'no', 'must be true or false'],
    ['orderedDeliveries', 'yes', 'must be true or false'],
    ['privateNetworkAllowlist', '10.0.0.0/33', 'must be CIDRs outside loopback, with commas between'],
    ['privateNetworkAllowlist', '127.0.0.0/8', 'must be CIDRs outside loopback, with commas between'],
    ['privateNetworkAllowlist', '10.0.0.0/8,0::1/128', 'must be CIDRs outside loopback, with commas between'],
    ['alarmTopicArn', 'on-call', 'must be the ARN of an SNS topic'],
    ['eventBusName', 'a b', 'must be the name of an event bus'],
    ['stateEventsBusName', 'a b', 'must be the name of an event bus'],
  ])('the stage parameter %s = %j is refused, and the error names the parameter', (name, value, words) => {
    expect(() => parseParameters({ ...defaults, [name]: value })).toThrow(`${name} ${words}`);
  });

  test('subnetIds and securityGroupIds must be set together', () => {
    const alone = { ...defaults, subnetIds: 'subnet-0a' };
    expect(() => parseParameters(alone)).toThrow('set both subnetIds and securityGroupIds, or neither of them');
  });

  test('the guide to deploying lists the stage parameters of serverless.yml with their defaults', () => {
    const rows = Object.entries(parameters).map(([name, { meaning, unit = '' }]) => {
      const value = String(defaults[name] ?? '');
      return `| \`${name}\` | ${value === '' ? '' : `\`${value}\``} | ${unit} | ${meaning} |`;
    });
    expect(Object.keys(defaults)).toEqual(Object.keys(parameters));
    expect(readFileSync(join(repository, 'docs/guide/deploy.md'), 'utf8')).toContain(rows.join('\n'));
  });
});

describe('osls', () => {
  test('packaging with a bad stage parameter fails with an error that names it, without a stack trace', async () => {
    const { status, output } = await runOsls('package', '--stage', 'test', '--param=alarmTopicArn=on-call');
    expect(output).toContain('Bad stage parameters: alarmTopicArn must be the ARN of an SNS topic');
    expect(output).not.toContain('parameters.cjs:');
    expect(status).toBe(1);
  });

  test('a variable that is added for a stage in the way that the guide describes reaches the functions', async () => {
    const [, line = ''] =
      /`(CACHE_SECONDS: \$\{param:.*?)`/.exec(readFileSync(join(repository, 'docs/guide/deploy.md'), 'utf8')) ?? [];
    const packaged = await runOslsWith(
      { deployed: `  ${line}\n` },
      'package',
      '--stage',
      'test',
      '--param=cacheSeconds=30',
    );
    const { Resources } = await packaged.template();
    expect(Resources['DeliverLambdaFunction']?.Properties.Environment?.Variables).toMatchObject({
      CACHE_SECONDS: '30',
    });
  });
});

/** `params.default` of serverless.yml, which has one name and one value on each line. */
function readDefaults(): Readonly<Record<string, unknown>> {
  const service = readFileSync(join(repository, 'serverless.yml'), 'utf8');
  const [, block = ''] = /\n {2}default:\n((?: {4}.*\n)+)/.exec(service) ?? [];
  const pairs = block.matchAll(/^ {4}(\w+): (.*)$/gm);
  return Object.fromEntries([...pairs].map(([, name = '', value = '']) => [name, value === "''" ? '' : value]));
}
