import { execFile } from 'node:child_process';
import { devNull } from 'node:os';

/** The places of Debian's packages, so that another client on the PATH is not used. */
export const awsCli = '/usr/bin/aws';
export const python = '/usr/bin/python3';
export const chromiumPath = '/usr/bin/chromium';

/** The whole environment of a client: no profile, no proxy, and only the endpoint of its command. */
export const clientEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/bin:/bin',
  LC_ALL: 'C.UTF-8',
  AWS_ACCESS_KEY_ID: 'any',
  AWS_SECRET_ACCESS_KEY: 'thing',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
  AWS_EC2_METADATA_DISABLED: 'true',
};

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Default: the environment of every client. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs a program to its end; resolves for every exit status. */
export function run(
  file: string,
  args: readonly string[],
  { cwd, env = clientEnvironment }: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { cwd, env, maxBuffer: 16_777_216 }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

/** @returns the output, and in `json` the parsed output */
export async function aws(
  endpointUrl: string,
  ...args: readonly string[]
): Promise<Ended & { readonly json: unknown }> {
  const ended = await run(awsCli, ['--endpoint-url', endpointUrl, ...args]);
  return { ...ended, json: /^\s*[[{]/.test(ended.stdout) ? JSON.parse(ended.stdout) : undefined };
}
