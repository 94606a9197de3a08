import { spawnSync } from 'node:child_process';
import { awsCli, clientEnvironment, python } from './client-processes.ts';

interface Needed {
  readonly command: readonly [string, ...string[]];
  /** Debian's package. */
  readonly name: string;
}

const needed: readonly Needed[] = [
  { command: [awsCli, '--version'], name: 'awscli' },
  { command: [python, '-c', 'import boto3'], name: 'python3-boto3' },
];

/** Ends the run before its first test, in one line, when a client is not there: a suite that skips proves nothing. */
export function setup(): void {
  const missing = needed.filter(({ command: [file, ...args] }) => {
    return spawnSync(file, args, { env: clientEnvironment, stdio: 'ignore' }).status !== 0;
  });
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(' ');
  process.stderr.write(`The client tests need what is not installed here; on Debian: apt-get install ${names}\n`);
  process.exit(1);
}
