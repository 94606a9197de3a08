import { numberOf, objectOf, textOf } from '../../../control/input.ts';
import { type JsonObject, ownMember } from '../../../core/input/json.ts';
import { invalid, invalidParameter } from '../operations/operation.ts';
import type { RuleTarget } from '../store/model.ts';
import { serviceOf } from './arn.ts';

/** The services whose targets may have these parameters. Every target may have SqsParameters. */
const allowedServices: Readonly<Record<string, readonly string[]>> = {
  AppSyncParameters: ['appsync'],
  BatchParameters: ['batch'],
  EcsParameters: ['ecs'],
  HttpParameters: ['events', 'execute-api'],
  KinesisParameters: ['kinesis'],
  RedshiftDataParameters: ['redshift', 'redshift-serverless'],
  RunCommandParameters: ['ssm'],
  SageMakerPipelineParameters: ['sagemaker'],
};

/** The parameters that a target of each service must have. */
const requiredParameters: Readonly<Record<string, string>> = { batch: 'BatchParameters', ecs: 'EcsParameters' };

/**
 * The services to which EventBridge delivers with a role. For all other services, a policy of the target itself allows
 * EventBridge.
 */
const servicesWithRole: ReadonlySet<string> = new Set([
  'batch',
  'codebuild',
  'codepipeline',
  'ecs',
  'events',
  'firehose',
  'glue',
  'inspector',
  'kinesis',
  'redshift',
  'sagemaker',
  'ssm',
  'ssm-incidents',
  'states',
]);

const apiDestinationPattern = /^arn:[^:]*:events:[^:]*:[^:]*:api-destination\//;

/**
 * Checks that a target has the parameters and the role that its service needs, and no parameters of another service. For an API
 * destination no role is needed, because this stack has none.
 *
 * @throws ServiceError ValidationException
 */
export function checkServiceParameters(target: RuleTarget): void {
  const { Id, Arn } = target;
  const service = serviceOf(Arn);
  for (const [parameters, services] of Object.entries(allowedServices)) {
    if (ownMember(target, parameters) !== undefined && !services.includes(service)) {
      throw invalid(`Parameter(s) ${parameters} not supported for target: ${Id}`);
    }
  }
  const required = /^arn:[^:]*:sqs:.*\.fifo$/s.test(Arn) ? 'SqsParameters' : requiredParameters[service];
  if (required !== undefined && objectOf(target, required) === undefined) {
    throw invalid(`Parameter(s) ${required} must be specified for target: ${Id}.`);
  }
  if (servicesWithRole.has(service) && !apiDestinationPattern.test(Arn) && textOf(target, 'RoleArn') === undefined) {
    throw invalid(`RoleArn is required for target ${Arn}`);
  }
  checkEcs(target, objectOf(target, 'EcsParameters') ?? {});
  checkBatch(objectOf(target, 'BatchParameters') ?? {});
  checkRedshift(objectOf(target, 'RedshiftDataParameters') ?? {});
}

function checkEcs({ Id, Arn }: RuleTarget, parameters: JsonObject): void {
  const network = objectOf(parameters, 'NetworkConfiguration');
  const launchType = textOf(parameters, 'LaunchType');
  if (launchType === 'FARGATE' && network === undefined) {
    throw invalid(`Parameter NetworkConfiguration must be specified for target ${Id} when launch type is FARGATE.`);
  }
  const vpc = objectOf(network ?? {}, 'awsvpcConfiguration') ?? {};
  const ofFargate = { PlatformVersion: parameters, AssignPublicIp: vpc };
  for (const [name, holder] of Object.entries(ofFargate)) {
    if (launchType !== 'EC2' || ownMember(holder, name) === undefined) continue;
    throw invalid(`Parameter ${name} for target ${Id} is not supported when launch type is EC2.`);
  }
  requireSize(vpc, 'Subnets', 1, 16);
  requireSize(vpc, 'SecurityGroups', 0, 5);
  if ((numberOf(parameters, 'TaskCount') ?? 1) > 10) {
    throw invalid(`Parameter(s) TaskCount not valid for target: ${Id}.`);
  }
  const task = textOf(parameters, 'TaskDefinitionArn');
  if (task !== undefined && regionOf(task) !== regionOf(Arn)) {
    throw invalid(`Region of ${Arn} does not match region of ${task}.`);
  }
}

function requireSize(holder: JsonObject, name: string, least: number, most: number): void {
  const list = ownMember(holder, name);
  if (!Array.isArray(list) || (list.length >= least && list.length <= most)) return;
  throw invalidParameter(name, `size must be in between ${least} and ${most}.`);
}

function checkBatch(parameters: JsonObject): void {
  const size = numberOf(objectOf(parameters, 'ArrayProperties') ?? {}, 'Size');
  if (size !== undefined && (size < 2 || size > 10_000)) {
    throw invalidParameter('ArrayProperties', 'Size must be in between 2 and 10000.');
  }
  const attempts = numberOf(objectOf(parameters, 'RetryStrategy') ?? {}, 'Attempts');
  if (attempts !== undefined && (attempts < 1 || attempts > 10)) {
    throw invalidParameter('RetryStrategy', 'Attempts must be in between 1 and 10.');
  }
}

function checkRedshift(parameters: JsonObject): void {
  for (const [one, other, text] of redshiftAlternatives) {
    if (ownMember(parameters, one) === undefined || ownMember(parameters, other) === undefined) continue;
    throw invalid(text);
  }
}

/** The texts are those of the service, which does not complete these sentences. */
const redshiftAlternatives = [
  ['Sql', 'Sqls', 'Either RedshiftDataParameters.sql or RedshiftDataParameters.sqls'],
  ['DbUser', 'SecretManagerArn', 'Either RedshiftDataParameters.dBUser or RedshiftDataParameters.secretManagerArn'],
] as const;

function regionOf(arn: string): string {
  return arn.split(':')[3] ?? '';
}
