import { fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { devNull } from 'node:os';

/** A process that answers each message separately, in any order, and that may be killed. */
export interface PeerProcess {
  /** Rejects when the process reports an error, or ends without an answer. */
  ask<Answer>(asked: object): Promise<Answer>;
  /** Kills the process with a signal that it cannot handle; resolves when it is gone. */
  crash(): Promise<void>;
  stop(): void;
}

interface Asked {
  readonly id: number;
  readonly asked: unknown;
}

interface Answered {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

export interface PeerProcessOptions {
  readonly args?: readonly string[];
  /** Options of Node. */
  readonly execArgv?: readonly string[];
}

/** Starts the process. Its log lines go to the null device, where they cost least. */
export function startPeerProcess(module: string, { args = [], execArgv = [] }: PeerProcessOptions = {}): PeerProcess {
  const child = fork(new URL(module, import.meta.url), args, {
    stdio: ['ignore', openSync(devNull, 'w'), 'inherit', 'ipc'],
    execArgv: [...process.execArgv, ...execArgv],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asks = 0;
  child.on('message', (message) => {
    const { id, answer, error } = message as Answered;
    const waits = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) waits?.resolve(answer);
    else waits?.reject(new Error(`${module}: ${error}`));
  });
  child.once('exit', (status, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${module} ended: ${signal ?? status}.`));
    waiting.clear();
  });
  return {
    async ask<Answer>(asked: object): Promise<Answer> {
      asks += 1;
      const waits = Promise.withResolvers<unknown>();
      waiting.set(asks, waits);
      child.send({ id: asks, asked } satisfies Asked, (error) => error !== null && waits.reject(error));
      return (await waits.promise) as Answer;
    },
    async crash() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
    stop: () => child.kill(),
  };
}

/** Answers the messages of the parent process. Ends when the parent process ends. */
export function answerAsks<Ask>(answer: (asked: Ask) => Promise<unknown>): void {
  process.on('message', (message) => {
    const { id, asked } = message as Asked;
    answer(asked as Ask).then(
      (answered) => process.send?.({ id, answer: answered } satisfies Answered),
      (error: unknown) => process.send?.({ id, error: String(error) } satisfies Answered),
    );
  });
  process.once('disconnect', () => process.exit());
}

export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A clock that all processes of the machine share and that is never set. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
