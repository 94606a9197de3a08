import { isPublicId } from '../core/api-key/text.ts';
import { isJsonObject, ownMember } from '../core/input/json.ts';
import { readOwnerKey } from '../local/stack/owner-key.ts';

/** Where `npm start` listens unless it is told otherwise. */
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
