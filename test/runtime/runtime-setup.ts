import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildClient, clientFile } from './aws-runtime-client.ts';
import { unzip } from './unzip.ts';

const repository = join(import.meta.dirname, '..', '..');

/** A packaged function with Lambda's settings. */
export interface DeployedFunction {
  /** The folder into which the function's zip file was unpacked. */
  readonly taskRoot: string;
  /** The values of the template. */
  readonly handler: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** The file that Node runs as the runtime. */
    runtime: string;
    /** By their names in serverless.yml. */
    functions: Readonly<Record<string, DeployedFunction>>;
  }
}

/** Packages the functions as for a deployment and builds AWS's runtime interface client, once for all tests. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'lastmile-runtime-'));
  project.provide('functions', packageFunctions(folder));
  project.provide('runtime', chooseRuntime());
  return () => rmSync(folder, { recursive: true });
}

function packageFunctions(folder: string): Record<string, DeployedFunction> {
  const out = join(folder, 'package');
  const { status, stderr, stdout } = run(process.execPath, ['infra/package.mjs', '--stage', 'runtime', '--out', out]);
  if (status !== 0) throw new Error(`The functions could not be packaged:\n${stdout}${stderr}`);
  const template = JSON.parse(readFileSync(join(out, 'lastmile-runtime.template.json'), 'utf8')) as Template;
  const functions: Record<string, DeployedFunction> = {};
  for (const { Type, Properties } of Object.values(template.Resources)) {
    if (Type !== 'AWS::Lambda::Function') continue;
    const name = Properties.FunctionName.replace('lastmile-runtime-', '');
    const taskRoot = join(folder, name);
    unzip(join(out, `${name}.zip`), taskRoot);
    functions[name] = { taskRoot, handler: Properties.Handler };
  }
  return functions;
}

interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: { FunctionName: string; Handler: string } }>
  >;
}

/**
 * Chooses AWS's runtime interface client. If it cannot be built, or if RUNTIME_CLIENT=own, the project's own loop is
 * used. The choice is printed. RUNTIME_CLIENT=aws makes a failed build an error.
 */
function chooseRuntime(): string {
  const own = join(import.meta.dirname, 'own-runtime.ts');
  const wanted = process.env['RUNTIME_CLIENT'];
  if (wanted === 'own') return say(own, "this project's own runtime loop, because RUNTIME_CLIENT is own");
  const fault = buildClient();
  if (fault === undefined) return say(clientFile, "AWS's runtime interface client");
  if (wanted === 'aws') throw new Error(fault);
  return say(
    own,
    `this project's own runtime loop, because AWS's client could not be built: it needs cmake, make and g++. The build printed:\n${fault.trim()}`,
  );
}

function say(runtime: string, what: string): string {
  process.stderr.write(`The functions run on ${what}.\n`);
  return runtime;
}

function run(file: string, args: readonly string[]) {
  return spawnSync(file, args, { cwd: repository, encoding: 'utf8', maxBuffer: 67_108_864 });
}
