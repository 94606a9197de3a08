import { randomUUID } from 'node:crypto';
import { devNull } from 'node:os';
import { CreateApiDestinationCommand, CreateConnectionCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { Context } from 'aws-lambda';
import { systemClock } from '../../adapters/system-clock.ts';
import { partitionOf } from '../../core/destination/arn.ts';
import { createContext, physicalName } from '../../local/lambda/function-runner.ts';
import { functionVariables } from '../../local/stack/environment.ts';
import { StartError } from '../../local/stack/data-folder.ts';
import { startStack } from '../../local/stack/stack.ts';
import { commandLine } from '../command.ts';
import { defaultStackUrl, findRunningStack, localCredentials, regionIn, stackUrlIn } from '../stack-address.ts';
import { destinationsIn, type NamedDestination } from './input.ts';
import { startPrintingEndpoint } from './printing-endpoint.ts';
import type { DemoServer } from '../demo/demo-servers.ts';
import { isJsonObject } from '../../core/input/json.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** The local stack of one invocation. */
export interface TargetStack {
  readonly region: string;
  /** All variables of the function, and the settings of its AWS clients. */
  readonly variables: Readonly<Record<string, string>>;
  /**
   * Makes the API destinations that the input names, if the stack is a throw-away one.
   *
   * @returns the API destination for the events that name none; undefined when no event needs it
   */
  prepare(input: unknown): Promise<string | undefined>;
  /** Gives a request of CloudFormation an address on this machine for its answer, which is printed. */
  answerable(input: unknown): Promise<unknown>;
  /** The context that Lambda gives to the function. */
  contextOf(functionName: string, timeoutSeconds: number): Context;
  close(): Promise<void>;
}

/**
 * Finds the local stack that AWS_ENDPOINT_URL names, or that listens where the command `start` does. If none answers, it starts one in
 * this process, with an endpoint that prints what it gets.
 *
 * @throws StartError or ConfigError, each with a message of one line
 */
export async function openTargetStack(environment: Variables, print: (text: string) => void): Promise<TargetStack> {
  const url = stackUrlIn(environment);
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new StartError(`AWS_ENDPOINT_URL must be an address such as ${defaultStackUrl}; it is '${url}'.`);
  const running = await findRunningStack(url);
  if (running === undefined) return await startThrowAway(environment, url, print);
  print(`Runs against the local stack at ${url}.`);
  const answers = printedAnswers(print);
  return {
    ...settingsOf(environment, url, running.account),
    prepare: () => Promise.resolve(environment['API_DESTINATION'] || undefined),
    answerable: answers.answerable,
    close: answers.close,
  };
}

/** The API destination that a throw-away stack gives to events that name none. */
const defaultDestination = 'example';

const defaultAccount = '123456789012';

async function startThrowAway(
  environment: Variables,
  absentUrl: string,
  print: (text: string) => void,
): Promise<TargetStack> {
  const stack = await startStack({
    port: 0,
    account: defaultAccount,
    environment,
    output: { line: () => undefined, error: print },
  });
  const endpoint = await startPrintingEndpoint(print);
  print(
    `No local stack answers at ${absentUrl}. So this runs on a throw-away one; ${commandLine('start')} runs one that stays.`,
  );
  const events = await openControlApi(stack.url, regionIn(environment));
  const answers = printedAnswers(print);
  return {
    ...settingsOf(environment, stack.url, defaultAccount),
    async prepare(input) {
      const { named, hasBareEvent } = destinationsIn(input);
      const bare = hasBareEvent ? environment['API_DESTINATION'] || defaultDestination : undefined;
      for (const each of named) await events.createDestination(endpoint.url, each);
      if (bare !== undefined) await events.createDestination(endpoint.url, { name: bare, pathParameters: 0 });
      return bare;
    },
    answerable: answers.answerable,
    async close() {
      events.close();
      await answers.close();
      await stack.stop();
      await endpoint.close();
    },
  };
}

/** Receives the answers to requests of CloudFormation, whose own addresses are pre-signed for one answer. */
function printedAnswers(print: (text: string) => void): Pick<TargetStack, 'answerable' | 'close'> {
  let endpoint: DemoServer | undefined;
  return {
    async answerable(input) {
      if (!isJsonObject(input) || !Object.hasOwn(input, 'ResponseURL')) return input;
      endpoint ??= await startPrintingEndpoint(print);
      return { ...input, ResponseURL: `${endpoint.url}/` };
    },
    async close() {
      await endpoint?.close();
    },
  };
}

interface ControlApi {
  /** Creates the API destination if it does not exist yet. */
  createDestination(endpointUrl: string, destination: NamedDestination): Promise<void>;
  close(): void;
}

async function openControlApi(stackUrl: string, region: string): Promise<ControlApi> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const events = new EventBridgeClient({ region, endpoint: stackUrl, credentials });
  const { ConnectionArn } = await events.send(
    new CreateConnectionCommand({
      Name: 'example',
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'example' } },
    }),
  );
  const created = new Set<string>();
  return {
    async createDestination(endpointUrl, { name, pathParameters }) {
      if (created.has(name)) return;
      created.add(name);
      const InvocationEndpoint = `${endpointUrl}/${name}${'/*'.repeat(pathParameters)}`;
      const request = { Name: name, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' } as const;
      await events.send(new CreateApiDestinationCommand(request));
    },
    close: () => events.destroy(),
  };
}

function settingsOf(
  environment: Variables,
  url: string,
  account: string,
): Pick<TargetStack, 'region' | 'variables' | 'contextOf'> {
  const region = regionIn(environment);
  return {
    region,
    variables: variablesFor(environment, url, account, region),
    contextOf(name, timeoutSeconds) {
      const arn = `arn:${partitionOf(region)}:lambda:${region}:${account}:function:${physicalName(name)}`;
      return createContext({ name, arn, requestId: randomUUID(), timeoutSeconds, clock: systemClock });
    },
  };
}

function variablesFor(
  environment: Variables,
  url: string,
  account: string,
  region: string,
): Readonly<Record<string, string>> {
  const queueUrl = (queueName: string): string => `${url}/${account}/${queueName}`;
  const { accessKeyId, secretAccessKey } = localCredentials(url, environment);
  return {
    ...(functionVariables(environment, queueUrl) as Readonly<Record<string, string>>),
    API_DESTINATION: environment['API_DESTINATION'] ?? '',
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    // Without these, a client might read a profile, or ask the metadata service of EC2.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
