import { createRequire } from 'node:module';
import type { CloudFormationClient, Stack } from '@aws-sdk/client-cloudformation';
import { DescribeStacksCommand, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import type { JsonObject } from '../../core/input/json.ts';
import { isJsonObject } from '../../core/input/json.ts';
import { Exit } from '../command.ts';
import type { StackTemplate } from './stack-files.ts';

/** js-yaml has no types. */
const yaml = createRequire(import.meta.url)('js-yaml') as { load(text: string): unknown };

/** The stack as the last deployment left it. */
export interface DeployedStack {
  readonly stackId: string;
  readonly outputs: readonly StackOutput[];
  /** The parameters of the last deployment, as far as they differ from their defaults. Those of osls are unknown. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly wasDeployedByOsls: boolean;
  readonly template: JsonObject;
}

export interface StackOutput {
  readonly name: string;
  readonly value: string;
}

interface Place {
  readonly stackName: string;
  readonly region: string;
}

/**
 * @returns undefined when there is no stack yet
 * @throws Exit 1 with the way out when the stack cannot be updated now
 */
export async function readDeployedStack(
  client: CloudFormationClient,
  place: Place,
  abortSignal: AbortSignal,
): Promise<DeployedStack | undefined> {
  const stack = await describeStack(client, place.stackName, abortSignal);
  // In this state, a stack has nothing but change sets that nobody has executed yet.
  if (stack === undefined || stack.StackStatus === 'REVIEW_IN_PROGRESS') return undefined;
  const obstacle = obstacleIn(String(stack.StackStatus), place);
  if (obstacle !== undefined) throw new Exit(1, obstacle);
  const original = { StackName: place.stackName, TemplateStage: 'Original' } as const;
  const { TemplateBody } = await client.send(new GetTemplateCommand(original), { abortSignal });
  const template = templateIn(TemplateBody);
  return {
    stackId: String(stack.StackId),
    outputs: outputsOf(stack),
    parameters: { ...declaredParameters(stack), ...recordedParameters(template) },
    wasDeployedByOsls:
      'ServerlessDeploymentBucket' in resourcesOf(template) && recordedParameters(template) === undefined,
    template,
  };
}

export async function describeStack(
  client: CloudFormationClient,
  stackName: string,
  abortSignal: AbortSignal,
): Promise<Stack | undefined> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }), { abortSignal });
    return Stacks[0];
  } catch (error) {
    // CloudFormation has no other sign that a stack does not exist.
    if (error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message))
      return undefined;
    throw error;
  }
}

export function outputsOf({ Outputs = [] }: Stack): readonly StackOutput[] {
  return Outputs.map(({ OutputKey = '', OutputValue = '' }) => ({ name: OutputKey, value: OutputValue }));
}

/** @returns why a stack in this state cannot be updated, and what to do; undefined when it can */
export function obstacleIn(status: string, { stackName, region }: Place): string | undefined {
  const aws = (operation: string) => `aws cloudformation ${operation} --stack-name ${stackName} --region ${region}`;
  if (status.endsWith('_IN_PROGRESS'))
    return `The stack ${stackName} is being changed by somebody (${status}). Deploy again when that is done: ${aws('wait stack-update-complete')}`;
  if (status === 'UPDATE_ROLLBACK_FAILED')
    return `The stack ${stackName} is between two versions (${status}). Bring it back first: ${aws('continue-update-rollback')}`;
  if (/^(CREATE_FAILED|ROLLBACK_COMPLETE|ROLLBACK_FAILED|DELETE_FAILED)$/.test(status))
    return `The stack ${stackName} was never complete or is half deleted (${status}), so it cannot be updated. Delete it first: ${aws('delete-stack')}`;
  return undefined;
}

/**
 * The text of a template is JSON or YAML. A template that cannot be read counts as empty: the update replaces it anyway, and osls
 * writes JSON.
 */
function templateIn(text: string | undefined): JsonObject {
  try {
    const template = yaml.load(text ?? '');
    return isJsonObject(template) ? template : {};
  } catch {
    return {};
  }
}

function recordedParameters({ Metadata }: JsonObject): Readonly<Record<string, string>> | undefined {
  const ours = isJsonObject(Metadata) ? Metadata['Lastmile'] : undefined;
  const parameters = isJsonObject(ours) ? ours['parameters'] : undefined;
  if (!isJsonObject(parameters)) return undefined;
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
}

/** The parameters of a stack that somebody deployed with the template of a release: `MaximumConcurrency` is `maximumConcurrency`. */
function declaredParameters({ Parameters = [] }: Stack): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Parameters.map(({ ParameterKey = '', ParameterValue = '' }) => [
      ParameterKey.replace(/^./, (letter) => letter.toLowerCase()),
      ParameterValue,
    ]),
  );
}

function resourcesOf({ Resources }: JsonObject): JsonObject {
  return isJsonObject(Resources) ? Resources : {};
}

/** The logical ids of the outputs that osls adds to a stack. */
const oslsOutputs = /^(ServerlessDeploymentBucket|ControlDashapiLambdaFunctionUrl$)/;

/**
 * Failure policy: the bucket in which osls keeps the code of its deployments stays in the stack. Without it, `sls rollback` would no
 * longer work, and CloudFormation would fail to delete a bucket that is not empty. Other stacks may import the outputs of osls.
 */
export function withPartsOfOsls(template: StackTemplate, deployed: JsonObject): StackTemplate {
  const isBucket = ([id]: readonly [string, unknown]): boolean => id.startsWith('ServerlessDeploymentBucket');
  const resources = Object.entries(resourcesOf(deployed)).filter(isBucket) as [string, JsonObject][];
  if (resources.length === 0) return template;
  const { Outputs } = deployed;
  const outputs = Object.entries(isJsonObject(Outputs) ? Outputs : {}).filter(([id]) => oslsOutputs.test(id));
  return {
    ...template,
    Resources: { ...template.Resources, ...Object.fromEntries(resources) },
    Outputs: { ...Object.fromEntries(outputs), ...template.Outputs },
  };
}
