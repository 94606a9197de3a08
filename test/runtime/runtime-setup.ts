import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { unzip } from './unzip.ts';

const repository = join(import.meta.dirname, '..', '..');
const nodePackage = join(repository, 'node_modules', `node-${process.platform}-${process.arch}`);

/** A packaged function as Lambda has it. */
export interface DeployedFunction {
  /** Where its zip was unpacked. */
  readonly taskRoot: string;
  /** As the template says it. */
  readonly handler: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** What Node runs as the runtime. */
    runtime: string;
    /** By the name that serverless.yml gives them. */
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
  const template = JSON.parse(readFileSync(join(out, 'cloudformation-template-update-stack.json'), 'utf8')) as Template;
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
 * AWS's client, or a loop of our own where it cannot be built or RUNTIME_CLIENT=own asks for that; which one it is, is said.
 * RUNTIME_CLIENT=aws does not let it fall back.
 */
function chooseRuntime(): string {
  const own = join(import.meta.dirname, 'own-runtime.ts');
  const wanted = process.env['RUNTIME_CLIENT'];
  if (wanted === 'own') return say(own, 'a loop of our own, as RUNTIME_CLIENT asks');
  const fault = buildClient();
  if (fault === undefined) return say(clientFile, "AWS's runtime interface client");
  if (wanted === 'aws') throw new Error(fault);
  return say(
    own,
    `a loop of our own INSTEAD OF AWS'S, which could not be built (it needs cmake, make and g++; it said:\n${fault.trim()})`,
  );
}

function say(runtime: string, what: string): string {
  process.stderr.write(`The functions run on ${what}.\n`);
  return runtime;
}

const clientFolder = join(repository, '.build', 'ric');
const clientFile = join(clientFolder, 'node_modules', 'aws-lambda-ric', 'index.mjs');

/** @returns why it is not there; it is kept for the next time, unless its lock file has changed */
function buildClient(): string | undefined {
  const source = join(import.meta.dirname, 'ric');
  const lock = (folder: string) => readFileSync(join(folder, 'package-lock.json'), 'utf8');
  if (existsSync(clientFile) && lock(clientFolder) === lock(source)) return undefined;
  rmSync(clientFolder, { recursive: true, force: true });
  cpSync(source, clientFolder, { recursive: true });
  const { status, stdout, stderr } = run(
    'npm',
    ['ci', '--foreground-scripts'],
    {
      // With the headers of the Node that runs it, which come with that Node: nothing is downloaded for them.
      ...(existsSync(join(nodePackage, 'include')) && { npm_config_nodedir: nodePackage }),
      PATH: `${join(repository, 'node_modules', '.bin')}:${process.env['PATH']}`,
    },
    clientFolder,
  );
  if (status === 0 && existsSync(clientFile)) return undefined;
  rmSync(clientFolder, { recursive: true, force: true });
  return `${stdout}${stderr}`.split('\n').slice(-12).join('\n');
}

function run(file: string, args: readonly string[], more: Readonly<Record<string, string>> = {}, cwd = repository) {
  return spawnSync(file, args, { cwd, env: { ...process.env, ...more }, encoding: 'utf8', maxBuffer: 67_108_864 });
}
