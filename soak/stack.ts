import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';

/** Answers each message with how much memory the process needs, see there. */
const memoryProbe = fileURLToPath(new URL('./memory-probe.ts', import.meta.url));
const startCommand = fileURLToPath(new URL('../lib/commands/start.ts', import.meta.url));

/** Retries that are over in seconds, so that a soak need not take a day. */
const variables = { RETRY_BASE_DELAY_MS: '200', RETRY_MAX_DELAY_MS: '2000' };

/** As npm would say it: then the stack ends with whoever has started it, however that ends. */
const stopWithParent = { npm_lifecycle_event: 'soak' };

/** It was killed before it was ready; there will be another. */
export class StackKilled extends Error {
  override readonly name = 'StackKilled';
}

export interface StackClients {
  readonly url: string;
  readonly events: EventBridgeClient;
  readonly lambda: LambdaClient;
  readonly sqs: SQSClient;
  queueUrl(name: 'deliveries' | 'dead-letters'): string;
}

/** What a process of a stack needs after a garbage collection. */
export interface ProcessMemory {
  readonly pid: number;
  /** What JavaScript holds, with the memory outside of its heap that belongs to it. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  /** How long the process runs. */
  readonly upMs: number;
}

/** A stack that is frozen answers later, and is not waited for. */
const memoryTimeoutMs = 2000;

/** `npm start` over one data folder, as a process that is killed and started again. */
export class KillableStack {
  readonly #dataDir: string;
  #process: ChildProcess | undefined;
  #clients: Promise<StackClients> | undefined;
  /** The one before holds the data folder until it is gone. */
  #gone: Promise<unknown> = Promise.resolve();
  readonly #errors: string[] = [];

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /**
   * Of the process that runs now, or of the next.
   *
   * @throws StackKilled, or another Error when it ended by itself before it was ready
   */
  clients(): Promise<StackClients> {
    return (this.#clients ??= this.#start());
  }

  /** Starts it, if it does not run, without waiting for it. */
  start(): void {
    this.clients().catch(() => undefined);
  }

  /** `kill -9`; resolves when the process is gone. The next use starts another. */
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

  /** SIGSTOP, and SIGCONT after the time: neither its clock nor its peers stand still meanwhile. */
  async freeze(forMs: number): Promise<void> {
    const frozen = this.#process;
    if (frozen === undefined || frozen.exitCode !== null || frozen.signalCode !== null) return;
    frozen.kill('SIGSTOP');
    await delay(forMs);
    frozen.kill('SIGCONT');
  }

  /** After a garbage collection. Undefined when the process does not run, or has not answered in time. */
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

  /** What the processes have said of faults of their own, line by line. */
  errors(): readonly string[] {
    return this.#errors;
  }

  async #start(): Promise<StackClients> {
    await this.#gone;
    const args = ['--expose-gc', '--import', memoryProbe, startCommand, '--port', '0', '--data-dir', this.#dataDir];
    // Nothing of the shell's own: a variable of the functions would act on the stack.
    const env = { PATH: process.env['PATH'], ...variables, ...stopWithParent };
    // In a process group of its own: a Ctrl-C at the terminal is for the soak, which ends its stacks when it is done.
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

/** A call is made once: a second try would hide whether the first was answered. */
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
