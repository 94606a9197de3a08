import { fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { devNull } from 'node:os';

/** A module in its own process, with a heap and a compiler of its own. */
export interface BenchProcess {
  /** Sends the message, if one is given, and resolves with the next message that comes back. */
  ask(message?: object): Promise<unknown>;
  /** Stops the process for this long, as Lambda freezes a worker between invocations. */
  freeze(forMs: number): Promise<void>;
  stop(): void;
}

/** Starts the process. Its log lines go to the null device, where they cost least. */
export function startBenchProcess(module: string): BenchProcess {
  const child = fork(new URL(module, import.meta.url), {
    stdio: ['ignore', openSync(devNull, 'w'), 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(([status]) => {
    throw new Error(`${module} ended with status ${String(status)}.`);
  });
  // If the process ends during a call of `ask`, the call rejects. At other times only `stop` ends the process, and nobody waits
  // for its end.
  ended.catch(() => undefined);
  return {
    async ask(message) {
      const answer = once(child, 'message').then(([first]: unknown[]) => first);
      if (message !== undefined) child.send(message);
      return Promise.race([answer, ended]);
    },
    async freeze(forMs) {
      child.kill('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, forMs));
      child.kill('SIGCONT');
    },
    stop: () => child.kill(),
  };
}
