import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

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
