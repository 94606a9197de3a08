import type { AwsClientConfig } from '../adapters/aws/clients.ts';
import { isPublicId } from '../core/api-key/text.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';
import { readOwnerKey } from '../local/stack/owner-key.ts';
import { Exit, helpFlag, shellWord } from './command.ts';

/** Where the command `start` listens unless it is told otherwise. */
export const defaultStackUrl = 'http://127.0.0.1:4010';

/** The address of the local stack that the variables name. An empty variable counts as unset. */
export function stackUrlIn(environment: Readonly<Record<string, string | undefined>>): string {
  return (environment['AWS_ENDPOINT_URL'] || defaultStackUrl).replace(/\/+$/, '');
}

/** The region that the variables name. An empty variable counts as unset. */
export function regionIn(environment: Readonly<Record<string, string | undefined>>): string {
  return environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || 'us-east-1';
}

/** An API key of the variables, or the key of a stack that this user has started with `--auth`, or dummy keys. */
export function localCredentials(
  endpoint: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly accessKeyId: string; readonly secretAccessKey: string } {
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = environment;
  if (isPublicId(accessKeyId) && secretAccessKey !== '') return { accessKeyId, secretAccessKey };
  const port = Number(URL.parse(endpoint ?? '')?.port ?? '');
  return readOwnerKey(port) ?? { accessKeyId: 'local', secretAccessKey: 'local' };
}

export interface RunningStack {
  readonly account: string;
}

const patienceMs = 3000;

/** @returns undefined when no local stack answers there */
export async function findRunningStack(url: string): Promise<RunningStack | undefined> {
  try {
    const answer = await fetch(`${url}/_lastmile/health`, {
      redirect: 'error',
      signal: AbortSignal.timeout(patienceMs),
    });
    const health: unknown = await answer.json();
    const account = isJsonObject(health) ? ownMember(health, 'account') : undefined;
    return typeof account === 'string' && /^[0-9]{12}$/.test(account) ? { account } : undefined;
  } catch {
    return undefined;
  }
}

const text = { type: 'string' } as const;

/** The flags that select the stack of a command. */
export const stackFlags = { stage: text, 'endpoint-url': text, region: text, ...helpFlag } as const;

export const stackUsage = `--stage <stage>         stage of the stack (default: local)
  --endpoint-url <url>    address of AWS or of the stack (default for stage local: AWS_ENDPOINT_URL or ${defaultStackUrl})
  --region <region>       region (default: AWS_REGION, AWS_DEFAULT_REGION or us-east-1)
  --help                  show this text`;

export interface StackAddress {
  readonly stage: string;
  readonly aws: AwsClientConfig;
}

interface StackFlagValues {
  readonly stage?: string | undefined;
  readonly 'endpoint-url'?: string | undefined;
  readonly region?: string | undefined;
}

/**
 * Stage local never reaches AWS itself, because an empty AWS_ENDPOINT_URL counts as unset. Every other stage uses the
 * credentials of the environment.
 *
 * @throws Exit 2 when the address is not one of HTTP
 */
export function stackAddress(values: StackFlagValues): StackAddress {
  const stage = values.stage ?? 'local';
  const local = stage === 'local' ? stackUrlIn(process.env) : undefined;
  const endpoint = values['endpoint-url'] || local;
  if (endpoint !== undefined && !/^https?:\/\/./.test(endpoint))
    throw new Exit(2, `The address of the stack must be one such as ${defaultStackUrl}; it is '${endpoint}'.`);
  const region = values.region || regionIn(process.env);
  const credentials = localCredentials(endpoint, process.env);
  return {
    stage,
    aws: { region, ...(endpoint !== undefined && { endpoint }), ...(stage === 'local' && { credentials }) },
  };
}

/** The flags with which another command reaches the same stack in this environment, each after a space. */
export function sameStack({ stage, aws: { region = '', endpoint } }: StackAddress): string {
  const usual = stage === 'local' ? stackUrlIn(process.env) : undefined;
  return [
    ...(stage === 'local' ? [] : [` --stage ${shellWord(stage)}`]),
    ...(endpoint === undefined || endpoint === usual ? [] : [` --endpoint-url ${shellWord(endpoint)}`]),
    ...(region === regionIn(process.env) ? [] : [` --region ${shellWord(region)}`]),
  ].join('');
}

/**
 * The address at which the SDK calls a service; undefined when it is that of AWS. The SDK obeys these variables for every stage, even
 * if they were set for the local stack. So the errors show the address.
 */
export function serviceAddress(
  { endpoint }: AwsClientConfig,
  service: 'LAMBDA' | 'CLOUDWATCH_LOGS',
): string | undefined {
  const { [`AWS_ENDPOINT_URL_${service}`]: ofService, AWS_ENDPOINT_URL: ofAll } = process.env;
  return endpoint || ofService || ofAll || undefined;
}
