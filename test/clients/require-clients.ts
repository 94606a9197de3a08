import { spawnSync } from 'node:child_process';
import { awsCli, chromiumPath, clientEnvironment, python } from './client-processes.ts';
import { missingForTerraform } from './terraform-programs.ts';

interface Needed {
  readonly command: readonly [string, ...string[]];
  /** The name of the Debian package. */
  readonly name: string;
}

const needed: readonly Needed[] = [
  { command: [awsCli, '--version'], name: 'awscli' },
  { command: [python, '-c', 'import boto3'], name: 'python3-boto3' },
  { command: [chromiumPath, '--version'], name: 'chromium' },
];

/** Ends the run with one line when a client is missing, because a suite that skips its tests proves nothing. */
export function setup(): void {
  const missing = needed.filter(({ command: [file, ...args] }) => {
    return spawnSync(file, args, { env: clientEnvironment, stdio: 'ignore' }).status !== 0;
  });
  if (missing.length === 0) return sayWhetherTerraformRuns();
  const names = missing.map(({ name }) => name).join(' ');
  process.stderr.write(`The client tests need programs that are not installed. On Debian: apt-get install ${names}\n`);
  process.exit(1);
}

/** Terraform is no package of Debian, so the other tests run without it. */
function sayWhetherTerraformRuns(): void {
  const missing = missingForTerraform();
  if (missing.length === 0) return;
  process.stderr.write(
    `Terraform's test does not run. Missing: ${missing.join(', ')}. CONTRIBUTING.md says how to get it.\n`,
  );
}
