/** AWS's runtime interface client. To build it before the tests need it: `npm run runtime-client:build`. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '..', '..');
const nodePackage = join(repository, 'node_modules', `node-${process.platform}-${process.arch}`);
const clientFolder = join(repository, '.build', 'ric');

/** The file that Node runs as the runtime. */
export const clientFile = join(clientFolder, 'node_modules', 'aws-lambda-ric', 'index.mjs');

/**
 * Builds the client, unless it exists from an earlier run with the same lock file.
 *
 * @returns the reason when the build failed
 */
export function buildClient(): string | undefined {
  const source = join(import.meta.dirname, 'ric');
  const lock = (folder: string) => readFileSync(join(folder, 'package-lock.json'), 'utf8');
  if (existsSync(clientFile) && lock(clientFolder) === lock(source)) return undefined;
  rmSync(clientFolder, { recursive: true, force: true });
  cpSync(source, clientFolder, { recursive: true });
  const env = {
    ...process.env,
    // Uses the headers that come with this Node, so that none are downloaded.
    ...(existsSync(join(nodePackage, 'include')) && { npm_config_nodedir: nodePackage }),
    PATH: `${join(repository, 'node_modules', '.bin')}:${process.env['PATH']}`,
  };
  const options = { cwd: clientFolder, env, encoding: 'utf8', maxBuffer: 67_108_864 } as const;
  const { status, stdout, stderr } = spawnSync('npm', ['ci', '--foreground-scripts'], options);
  if (status === 0 && existsSync(clientFile)) return undefined;
  rmSync(clientFolder, { recursive: true, force: true });
  return `${stdout}${stderr}`.split('\n').slice(-12).join('\n');
}

if (import.meta.main) {
  const fault = buildClient();
  if (fault !== undefined) {
    console.error(fault);
    process.exitCode = 1;
  }
}
