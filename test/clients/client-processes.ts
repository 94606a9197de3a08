import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

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

/** A Python program that answers each line of JSON with another. */
export interface PythonProgram {
  call(request: object): Promise<unknown>;
  close(): Promise<void>;
}

/** Starts a program of this folder. It answers one call at a time. */
export function startPython(name: string, ...args: readonly string[]): PythonProgram {
  const command = [join(import.meta.dirname, name), ...args];
  const child = spawn(python, command, { env: clientEnvironment, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  let previous: Promise<unknown> = Promise.resolve();
  // A write to an ended process fails with this event. The call itself fails because its answer is missing.
  child.stdin.on('error', () => undefined);

  async function callNow(request: object): Promise<unknown> {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const next = await lines.next();
    if (next.done === true) throw new Error('The Python process has ended; what it printed says why.');
    return JSON.parse(next.value);
  }

  return {
    call(request) {
      const made = previous.then(() => callNow(request));
      previous = made.catch(() => undefined);
      return made;
    },
    async close() {
      const ended = once(child, 'close');
      child.stdin.end();
      await ended;
    },
  };
}

export interface AwsCli {
  /**
   * @param environment what the command has besides the environment of every client
   * @returns the output, and in `json` the parsed output
   */
  run(
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<Ended & { readonly json: unknown }>;
  close(): Promise<void>;
}

/**
 * The AWS CLI, loaded once for many commands. To start it for each command takes a second of processor time, and most of it loads
 * the same modules.
 */
export function startAwsCli(endpointUrl: string): AwsCli {
  const program = startPython('aws-calls.py');
  return {
    async run(args, environment = {}) {
      const request = { arguments: ['--endpoint-url', endpointUrl, ...args], environment };
      const ended = (await program.call(request)) as Ended;
      return { ...ended, json: /^\s*[[{]/.test(ended.stdout) ? JSON.parse(ended.stdout) : undefined };
    },
    close: () => program.close(),
  };
}
