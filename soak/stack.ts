import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';

/** This module is loaded into the stack and reports the memory of the process. */
const memoryProbe = fileURLToPath(new URL('./memory-probe.ts', import.meta.url));
const lastmile = fileURLToPath(new URL('../lib/commands/lastmile.ts', import.meta.url));

/** With these settings retries end within seconds, so that a soak need not take a day. */
const variables = { RETRY_BASE_DELAY_MS: '200', RETRY_MAX_DELAY_MS: '2000' };

/** Makes the stack behave as if npm had started it: it ends with its parent process. */
const stopWithParent = { npm_lifecycle_event: 'soak' };

/** The stack was killed before it was ready. Another process will be started. */
export class StackKilled extends Error {
  override readonly name = 'StackKilled';
}

export interface StackClients {
  readonly url: string;
  readonly events: EventBridgeClient;
  readonly lambda: LambdaClient;
  readonly sqs: SQSClient;
  queueUrl(name: 'deliveries' | 'ordered-deliveries.fifo' | 'dead-letters'): string;
}

/** The memory that a stack process needs after a garbage collection. */
export interface ProcessMemory {
  readonly pid: number;
  /** The JavaScript heap and the memory outside it that belongs to its objects. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  /** Time since the start of the process. */
  readonly upMs: number;
  /** The number of calls that the process has made to fail on purpose. */
  readonly failedCalls: number;
}

/** A frozen stack answers only after the freeze, so the wait for its answer ends after this time. */
const memoryTimeoutMs = 2000;

/** `npm start` over one data folder, as a process that can be killed and started again. */
export class KillableStack {
  readonly #dataDir: string;
  readonly #failsCalls: boolean;
  #process: ChildProcess | undefined;
  #clients: Promise<StackClients> | undefined;
  /** Settles when the previous process has ended, because only one process can use the data folder. */
  #gone: Promise<unknown> = Promise.resolve();
  readonly #errors: string[] = [];

  /** @param failsCalls whether some calls of the workers fail on purpose */
  constructor(dataDir: string, failsCalls: boolean) {
    this.#dataDir = dataDir;
    this.#failsCalls = failsCalls;
  }

  /**
   * Clients of the running process or, if none is running, of the next one.
   *
   * @throws StackKilled, or another Error when the process ended by itself before it was ready
   */
  clients(): Promise<StackClients> {
    return (this.#clients ??= this.#start());
  }

  /** Starts the process if it is not running, and does not wait for it. */
  start(): void {
    this.clients().catch(() => undefined);
  }

  /** `kill -9`. Resolves when the process is gone. The next call of `clients` starts another. */
  async kill(): Promise<void> {
    const killed = this.#process;
    const clients = this.#clients;
    this.#process = undefined;
    this.#clients = undefined;
    if (killed === undefined || killed.exitCode !== null || killed.signalCode !== null) return;
    this.#gone = once(killed, 'close');
    killed.kill('SIGKILL');
    await this.#gone;
    clients?.then(destroy, () => undefined);
  }

  /** Sends SIGSTOP, and SIGCONT after `forMs`. Meanwhile, the clock and all other processes go on. */
  async freeze(forMs: number): Promise<void> {
    const frozen = this.#process;
    if (frozen === undefined || frozen.exitCode !== null || frozen.signalCode !== null) return;
    frozen.kill('SIGSTOP');
    await delay(forMs);
    frozen.kill('SIGCONT');
  }

  /** The memory after a garbage collection; undefined when the process is not running or does not answer in time. */
  async memory(): Promise<ProcessMemory | undefined> {
    const asked = this.#process;
    if (asked?.connected !== true) return undefined;
    try {
      const answer = once(asked, 'message', { signal: AbortSignal.timeout(memoryTimeoutMs) });
      asked.send('memory', () => undefined);
      const [memory] = await answer;
      return this.#process === asked ? (memory as ProcessMemory) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Lines that the processes printed to stderr. */
  errors(): readonly string[] {
    return this.#errors;
  }

  async #start(): Promise<StackClients> {
    await this.#gone;
    const args = [
      '--expose-gc',
      '--import',
      memoryProbe,
      lastmile,
      'start',
      '--port',
      '0',
      '--data-dir',
      this.#dataDir,
    ];
    // The shell's variables are not passed on, because the stack would read them.
    const env = {
      PATH: process.env['PATH'],
      ...variables,
      ...stopWithParent,
      SOAK_CALL_FAULTS: this.#failsCalls ? 'yes' : 'no',
    };
    // The stack gets a process group of its own, so that Ctrl-C at the terminal reaches only the soak. The soak ends its
    // stacks itself.
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true });
    this.#process = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors.push(...text.split('\n').filter((line) => line !== ''));
    });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (output.endsWith('\n')) return;
      output = (output + text).replace(/^(ready [^\n]*\n)[^]*$/, '$1');
      if (output.endsWith('\n')) resolve(output.slice('ready '.length, -1));
    });
    child.once('close', () => {
      const byItself = this.#process === child;
      reject(byItself ? new Error(`The stack ended: ${this.#errors.join('\n')}`) : new StackKilled());
    });
    return connect(await promise);
  }
}

/** Each call is made only once, because a second try would hide whether the first one was answered. */
const callOnce = {
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true },
};

function connect(url: string): StackClients {
  const credentials = { accessKeyId: 'soak', secretAccessKey: 'soak' };
  const aws = { region: 'us-east-1', endpoint: url, credentials, ...callOnce };
  return {
    url,
    events: new EventBridgeClient(aws),
    lambda: new LambdaClient(aws),
    sqs: new SQSClient(aws),
    queueUrl: (name) => `${url}/123456789012/lastmile-local-${name}`,
  };
}

function destroy({ events, lambda, sqs }: StackClients): void {
  for (const client of [events, lambda, sqs]) client.destroy();
}
