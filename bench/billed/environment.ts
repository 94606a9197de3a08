import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { clientFile } from '../../test/runtime/aws-runtime-client.ts';
import { startRuntimeApi } from '../../test/runtime/runtime-api.ts';

const root = join(import.meta.dirname, '..', '..');
const { bundle } = createRequire(import.meta.url)('../../infra/bundle/bundle.cjs') as {
  bundle(what: { root: string; handlerFile: string; folder: string }): Promise<unknown>;
};

/** AWS's runtime client if `npm run runtime-client:build` has built it, and otherwise the loop of the tests, which costs more. */
const runtimeFile = existsSync(clientFile) ? clientFile : join(root, 'test', 'runtime', 'own-runtime.ts');
export const runtimeName = existsSync(clientFile) ? "AWS's runtime client" : "the runtime loop of this project's tests";

/** A function as it is in its zip, in a folder of its own. */
export interface Unpacked {
  readonly name: string;
  readonly folder: string;
  remove(): void;
}

export async function unpack(name: string): Promise<Unpacked> {
  mkdirSync(join(root, '.build'), { recursive: true });
  const folder = mkdtempSync(join(root, '.build', `bench-${name}-`));
  await bundle({ root, handlerFile: `functions/${name}.ts`, folder });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return { name, folder, remove: () => rmSync(folder, { recursive: true }) };
}

/** A function that does nothing: what the runtime itself costs. */
export function unpackNothing(): Unpacked {
  mkdirSync(join(root, '.build'), { recursive: true });
  const folder = mkdtempSync(join(root, '.build', 'bench-nothing-'));
  writeFileSync(join(folder, 'handler.js'), 'export const handler = async () => undefined;');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return { name: 'nothing', folder, remove: () => rmSync(folder, { recursive: true }) };
}

/** A process that runs the function as Lambda does. */
export interface Environment {
  readonly pid: number;
  /** @returns ms from the moment when the waiting runtime gets the payload to its answer; or from the start, if it is not waiting yet */
  invoke(payload: unknown): Promise<number>;
  /** Resolves when the runtime waits for an invocation. */
  waiting(): Promise<void>;
  /** Processor time since the start, in ms. */
  cpuMs(): number;
  stop(): Promise<void>;
}

const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:lastmile-local-bench';

export async function startEnvironment(
  { name, folder }: Unpacked,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Environment> {
  const api = await startRuntimeApi();
  const child: ChildProcess = spawn(process.execPath, [runtimeFile, 'handler.handler'], {
    cwd: folder,
    env: {
      PATH: '/usr/bin:/bin',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: name,
      AWS_SECRET_ACCESS_KEY: 'local',
      // As on Lambda, no configuration file of AWS exists.
      HOME: folder,
      AWS_LAMBDA_FUNCTION_NAME: `lastmile-local-${name}`,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/lastmile-local-${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: 'bench',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      ...variables,
      AWS_LAMBDA_RUNTIME_API: api.address,
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: 'handler.handler',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  child.once('exit', (status) => api.exited(`The runtime ended with status ${status}.`));
  const pid = child.pid ?? 0;
  return {
    pid,
    waiting: () => api.waiting(),
    async invoke(payload) {
      const beganAtMs = performance.now();
      const ended = await api.invoke(payload, functionArn, Date.now() + 60_000);
      const tookMs = performance.now() - beganAtMs;
      if (ended.kind !== 'answered') throw new Error(`The function did not answer: ${JSON.stringify(ended)}`);
      if (JSON.stringify(ended.value).includes('itemIdentifier')) throw new Error('Not all of a batch was delivered.');
      return tookMs;
    },
    cpuMs() {
      const [user = 0, system = 0] =
        readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11, 13).map(Number) ?? [];
      return (user + system) * 10;
    },
    async stop() {
      if (child.exitCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
      await api.close();
    },
  };
}
