import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { inject } from 'vitest';
import { type Ended, startRuntimeApi } from './runtime-api.ts';

/**
 * An execution environment of Lambda: a process that is frozen between invocations, killed at a deadline, and started
 * again.
 */
export interface ExecutionEnvironment {
  /** @param timeoutMs default 30 s; after it the environment is killed, and the next invocation starts another one */
  invoke(payload: unknown, timeoutMs?: number): Promise<Ended>;
  /** Stops the process for this time, as soon as it waits for an invocation; `meanwhile` runs at the beginning. */
  freeze(forMs: number, meanwhile: () => void): Promise<void>;
  /** Stops the process for ever, as soon as it waits for an invocation. */
  hang(): Promise<void>;
  /** The number of processes started so far. */
  processCount(): number;
  /** The output of all processes. */
  output(): string;
  stop(): Promise<void>;
}

/** @param variables the variables of the function's configuration */
export async function startEnvironment(
  functionName: string,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<ExecutionEnvironment> {
  const deployed = inject('functions')[functionName];
  if (deployed === undefined) throw new Error(`The package has no function ${functionName}.`);
  const { taskRoot, handler } = deployed;
  const api = await startRuntimeApi();
  const functionArn = `arn:aws:lambda:us-east-1:123456789012:function:lastmile-local-${functionName}`;
  let child: ChildProcess | undefined;
  let processes = 0;
  let output = '';

  function start(): ChildProcess {
    processes += 1;
    const started = spawn(process.execPath, [inject('runtime'), handler], {
      cwd: taskRoot,
      env: { ...lambdaVariables(functionName), ...variables, ...runtimeVariables(api.address, taskRoot, handler) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    started.once('close', (status) => {
      if (child === started) api.exited(`The environment ended with status ${status}: ${output}`);
    });
    return started;
  }

  /** Lambda ends an environment in the same way. */
  async function kill(): Promise<void> {
    if (child === undefined) return;
    const killed = child;
    child = undefined;
    if (killed.exitCode === null && killed.signalCode === null) {
      const ended = once(killed, 'exit');
      killed.kill('SIGKILL');
      await ended;
    }
    api.forget();
  }

  return {
    async invoke(payload, timeoutMs = 30_000) {
      child ??= start();
      await api.waiting();
      const { promise: late, resolve } = Promise.withResolvers<Ended>();
      const timer = setTimeout(() => resolve({ kind: 'timed out' }), timeoutMs);
      const ended = await Promise.race([api.invoke(payload, functionArn, Date.now() + timeoutMs), late]);
      clearTimeout(timer);
      if (ended.kind === 'timed out') await kill();
      return ended;
    },
    async freeze(forMs, meanwhile) {
      await api.waiting();
      child?.kill('SIGSTOP');
      meanwhile();
      await new Promise((resolve) => setTimeout(resolve, forMs));
      child?.kill('SIGCONT');
    },
    async hang() {
      await api.waiting();
      child?.kill('SIGSTOP');
    },
    processCount: () => processes,
    output: () => output,
    async stop() {
      await kill();
      await api.close();
    },
  };
}

/** The access key id is the function's name, as in the local stack. No AWS setting of this machine is inherited. */
function lambdaVariables(functionName: string): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    TZ: ':UTC',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: functionName,
    AWS_SECRET_ACCESS_KEY: 'local',
    // As on Lambda, there are no files of AWS.
    HOME: '/nonexistent',
    AWS_LAMBDA_FUNCTION_NAME: `lastmile-local-${functionName}`,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/lastmile-local-${functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'test',
  };
}

function runtimeVariables(address: string, taskRoot: string, handler: string): Record<string, string> {
  return { AWS_LAMBDA_RUNTIME_API: address, LAMBDA_TASK_ROOT: taskRoot, _HANDLER: handler };
}
