import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';

/** Redis writes its journal to the disk each second, which is the default, or before each answer. */
export type Fsync = 'everysec' | 'always';

export interface RedisServer {
  readonly port: number;
  /** Processor time of the server so far. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

/** @returns the first line that `redis-server --version` prints; undefined when it is not installed */
export async function redisVersion(): Promise<string | undefined> {
  try {
    return (await promisify(execFile)('redis-server', ['--version'])).stdout.split(' sha=')[0];
  } catch {
    return undefined;
  }
}

/** Starts a server with a journal in a temporary folder. `stop` deletes the folder. */
export async function startRedis(appendfsync: Fsync): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-redis-'));
  const port = await freePort();
  const durable = ['--appendonly', 'yes', '--appendfsync', appendfsync];
  const where = ['--bind', '127.0.0.1', '--port', String(port), '--dir', dir];
  const server = spawn('redis-server', [...where, ...durable, '--save', ''], { stdio: 'ignore' });
  const end = () => server.kill('SIGKILL');
  // Ends the server when the bench fails.
  process.once('exit', end);
  const client = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: null });
  // Until the server listens, connections are refused and tried again, so these errors are ignored.
  client.on('error', () => undefined);
  await client.ping();
  return {
    port,
    async cpuMs() {
      const cpu = await client.info('cpu');
      const seconds = ['user', 'sys', 'user_children', 'sys_children'].map((part) =>
        Number(new RegExp(`used_cpu_${part}:([0-9.]+)`).exec(cpu)?.[1]),
      );
      return seconds.reduce((sum, each) => sum + each, 0) * 1000;
    },
    async stop() {
      client.disconnect();
      const gone = once(server, 'exit');
      server.kill();
      await gone;
      process.off('exit', end);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
