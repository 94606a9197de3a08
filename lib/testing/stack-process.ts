import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface StackProcess {
  readonly url: string;
  stop(): Promise<void>;
}

export interface StackProcessOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly dataDir?: string;
}

/** A built file is two folders below package.json too. */
const lastmile = fileURLToPath(new URL('../../infra/node/lastmile.cjs', import.meta.url));

/**
 * Starts the local stack in a process of its own. The process ends when its standard input closes, so it never outlives this
 * process, however that ends.
 *
 * @throws Error with what the process printed, when it does not start
 */
export async function startStackProcess({
  environment,
  port = 0,
  dataDir,
}: StackProcessOptions): Promise<StackProcess> {
  const folder = dataDir === undefined ? [] : ['--data-dir', dataDir];
  const args = [lastmile, 'start', '--port', String(port), '--until-stdin-closes', ...folder];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...environment } });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await addressOf(child);
  // A running stack must not keep a test runner from ending. Its output is read so that the pipe never fills.
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as { unref(): void }).unref();
  child.stdout.resume();
  child.stderr.resume();
  return {
    url,
    async stop() {
      child.ref();
      child.stdin.end();
      await closed;
    },
  };
}

async function addressOf(child: ChildProcessWithoutNullStreams): Promise<string> {
  let printed = '';
  return await new Promise((resolve, reject) => {
    const fail = (error?: Error): void => {
      const said = printed.trim();
      reject(new Error(`The local stack did not start. ${said}`.trim(), error && { cause: error }));
    };
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      const url = /^ready (\S+)$/m.exec(printed)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', fail);
    child.once('close', () => fail());
  });
}
