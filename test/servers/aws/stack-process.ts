import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const command = join(import.meta.dirname, '..', '..', '..', 'lib', 'commands', 'lastmile.ts');

/** `npm start` as a separate process. */
export interface StackProcess {
  /** The URL of the stack. Rejects with the output if the process ends before it has one. */
  readonly url: Promise<string>;
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The exit status, or the signal that ended the process. */
  readonly ended: Promise<number | string | null>;
  /** Resolves with the first line on stdout that matches. */
  line(pattern: RegExp): Promise<string>;
  /** Resolves when the complete lines on stdout satisfy the condition. */
  printed(isEnough: (lines: readonly string[]) => boolean): Promise<void>;
}

export function startStackProcess(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  script: string = command,
): StackProcess {
  return watch(spawn(process.execPath, [script, 'start', ...args], { env: { ...process.env, ...environment } }));
}

/** Starts the command through a shell, as npm does with its scripts; `process` is the shell. */
export function startStackInShell(args: readonly string[]): StackProcess {
  const script = '"$0" "$@"; exit $?';
  const environment = { ...process.env, npm_lifecycle_event: 'start' };
  return watch(spawn('/bin/sh', ['-c', script, process.execPath, command, 'start', ...args], { env: environment }));
}

function watch(child: ChildProcessWithoutNullStreams): StackProcess {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => (signal ?? code) as number | string | null);
  const wholeLines = (): readonly string[] => stdout.split('\n').slice(0, -1);
  const printed = async (isEnough: (lines: readonly string[]) => boolean): Promise<void> => {
    while (!isEnough(wholeLines())) {
      const more = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
      if (!more) throw new Error(`The stack ended: ${stdout}${stderr}`);
    }
  };
  const line = async (pattern: RegExp): Promise<string> => {
    await printed((lines) => lines.some((each) => pattern.test(each)));
    return wholeLines().find((each) => pattern.test(each)) ?? '';
  };
  const url = line(/^ready http/).then((text) => text.slice('ready '.length));
  url.catch(() => undefined);
  return { url, process: child, stdout: () => stdout, stderr: () => stderr, ended, line, printed };
}
