import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { awsCli, chromiumPath, clientEnvironment, python } from './client-processes.ts';

interface Needed {
  readonly command: readonly [string, ...string[]];
  /** The name of the Debian package. */
  readonly name: string;
}

const needed: readonly Needed[] = [
  { command: [awsCli, '--version'], name: 'awscli' },
  { command: [python, '-c', 'import awscli.clidriver'], name: 'awscli' },
  { command: [python, '-c', 'import boto3'], name: 'python3-boto3' },
  { command: [chromiumPath, '--version'], name: 'chromium' },
];

/** Ends the run with one line when a client is missing, because a suite that skips its tests proves nothing. */
export function setup(): void {
  const missing = needed.filter(({ command: [file, ...args] }) => {
    return spawnSync(file, args, { env: clientEnvironment, stdio: 'ignore' }).status !== 0;
  });
  if (missing.length === 0) return sayWhatDoesNotRun();
  const names = [...new Set(missing.map(({ name }) => name))].join(' ');
  process.stderr.write(`The client tests need programs that are not installed. On Debian: apt-get install ${names}\n`);
  process.exit(1);
}

/** Terraform and cfn-lint are no packages of Debian, so the other tests run without them. */
function sayWhatDoesNotRun(): void {
  const missing = missingForTerraform();
  if (missing.length > 0)
    process.stderr.write(
      `The tests with Terraform do not run. Missing: ${missing.join(', ')}. CONTRIBUTING.md says how to get it.\n`,
    );
  if (!hasCfnLint)
    process.stderr.write('No template is checked with cfn-lint, because it is not installed: pip install cfn-lint\n');
}

export const hasCfnLint = spawnSync('cfn-lint', ['--version'], { stdio: 'ignore' }).status === 0;

const repository = join(import.meta.dirname, '..', '..');

/** Where the command of CONTRIBUTING.md puts AWS's provider, and where administrators put providers for a whole machine. */
const mirrors = [
  join(repository, '.build/terraform'),
  '/usr/share/terraform/*',
  '/usr/local/share/terraform/*',
  '/opt/*',
];

/** The folder that holds AWS's provider, or undefined: `terraform init` would load it from the network. */
export const providerMirror = mirrors
  .flatMap((mirror) => globSync(join(mirror, 'registry.terraform.io/hashicorp/aws')))
  .map((provider) => join(provider, '..', '..', '..'))
  .at(0);

/** What Terraform's test lacks on this machine. */
export function missingForTerraform(): readonly string[] {
  const isInstalled = spawnSync('terraform', ['version'], { stdio: 'ignore' }).status === 0;
  return [...(isInstalled ? [] : ['terraform']), ...(providerMirror === undefined ? ["AWS's provider"] : [])];
}
