import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestProject } from 'vitest/node';
import { differences } from './differences.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of moto's server, in the runs of `npm run test:moto`. */
    readonly moto?: string;
  }
}

const folder = join(import.meta.dirname, '..', '..', '.build', 'moto');

/** Starts moto's server for all test files. It ends the run with one line when moto is missing. */
export async function setup({ provide }: Pick<TestProject, 'provide'>): Promise<() => Promise<void>> {
  if (!existsSync(join(folder, 'moto'))) {
    process.stderr.write('The tests against moto need moto. To install it: npm run moto:install\n');
    process.exit(1);
  }
  const env = { ...process.env, PYTHONPATH: folder };
  const args = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'];
  const server = spawn('python3', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(server, 'exit');
  const url = await Promise.race([urlOf(server.stderr), exited.then(() => Promise.reject(new Error('moto ended.')))]);
  for (const service of ['dynamodb', 'sqs', 'secretsmanager', 's3', 'lambda', 'cloudformation'])
    await loadService(url, service);
  provide('moto', url);
  return async () => {
    server.kill();
    await exited;
    const named = differences.map(({ fault, tests }) => `- ${fault}: ${tests.map((name) => `"${name}"`).join(', ')}`);
    process.stdout.write(`Left out, because moto differs from AWS:\n${named.join('\n')}\n`);
  };
}

function urlOf(output: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface(output);
  return new Promise<string>((resolve) => {
    lines.on('line', (line) => {
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
}

/** moto loads the code of a service at its first call, which can take longer than the time limit of a client. */
async function loadService(url: string, service: string): Promise<void> {
  const credential = `Credential=test/20260101/us-east-1/${service}/aws4_request`;
  const headers = { authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0` };
  const answer = await fetch(url, { method: 'POST', headers });
  await answer.text();
}
