import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../../lib/core/input/json.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const osls = createRequire(import.meta.url).resolve('osls/bin/serverless.js');

export const functionNames = [
  'deliver',
  'deliver-queued',
  'control-api',
  'authorize-connection',
  'redrive',
  'resources',
] as const;

/** The members of a resource that the tests read. */
export interface Resource {
  readonly Type: string;
  readonly Properties: {
    readonly [name: string]: unknown;
    readonly Environment?: { readonly Variables: JsonObject };
    readonly PolicyDocument?: { readonly Statement: readonly JsonObject[] };
  };
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: JsonObject }>>;
}

export interface Packaged {
  readonly status: number;
  readonly output: string;
  /** Present only after packaging. */
  template(): Promise<Template>;
}

/**
 * Runs osls on the service in a separate folder, so that no other run shares its bundles. The functions are empty there,
 * because the template does not depend on their code. The process has no credentials and no network.
 */
export function runOsls(...args: readonly string[]): Promise<Packaged> {
  return runOslsWith({}, ...args);
}

interface Surroundings {
  /** More environment variables for osls. */
  readonly variables?: Readonly<Record<string, string>>;
  /** More lines for `deployed` in infra/environment.yml, as users may add them. */
  readonly deployed?: string;
}

export async function runOslsWith(
  { variables = {}, deployed = '' }: Surroundings,
  ...args: readonly string[]
): Promise<Packaged> {
  const folder = await mkdtemp(join(tmpdir(), 'lastmile-template-'));
  try {
    await Promise.all([
      cp(join(repository, 'serverless.yml'), join(folder, 'serverless.yml')),
      cp(join(repository, 'package.json'), join(folder, 'package.json')),
      cp(join(repository, 'infra'), join(folder, 'infra'), { recursive: true }),
      symlink(join(repository, 'lib'), join(folder, 'lib')),
      symlink(join(repository, 'node_modules'), join(folder, 'node_modules')),
      plantFunctions(join(folder, 'functions')),
    ]);
    await appendFile(join(folder, 'infra', 'environment.yml'), deployed);
    const { status, output } = await run(args, folder, variables);
    const file = join(folder, '.serverless', 'cloudformation-template-update-stack.json');
    const text = status === 0 && args[0] === 'package' ? await readFile(file, 'utf8') : '';
    return { status, output, template: async () => JSON.parse(text) as Template };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const stack = createRequire(import.meta.url)('../../../infra/template/stack.cjs') as {
  stackTemplate(given: object): Promise<Template>;
};

/** The template of a stage, made without osls. stack-template.test.ts compares it with that of osls. */
export async function templateOf(stage: string, parameters: Readonly<Record<string, string>> = {}): Promise<Template> {
  return await stack.stackTemplate({ stage, parameters, codeOf: (name: string) => `${name}.zip` });
}

/** The template that osls makes. @throws Error with the output of osls when packaging fails */
export async function packageTemplate(stage: string, parameters: Readonly<Record<string, string>> = {}) {
  const given = Object.entries(parameters).map(([name, value]) => `--param=${name}=${value}`);
  const packaged = await runOsls('package', '--stage', stage, ...given);
  if (packaged.status !== 0) throw new Error(packaged.output);
  return await packaged.template();
}

/** Functions that read a template only when they are called, so that `beforeAll` can package it after they are created. */
export function reading(template: () => Template) {
  const resources = (): Template['Resources'] => template().Resources;
  const ofTypeById = (type: string): Template['Resources'] =>
    Object.fromEntries(Object.entries(resources()).filter(([, { Type }]) => Type === type));
  /** @throws Error when the resource does not exist or has another type */
  function resource(logicalId: string, type?: string): Resource {
    const found = resources()[logicalId];
    if (found === undefined) throw new Error(`There is no ${logicalId} in the template.`);
    if (type !== undefined && found.Type !== type) throw new Error(`${logicalId} is an ${found.Type}.`);
    return found;
  }
  return {
    resource,
    ofTypeById,
    ofType: (type: string): readonly Resource[] => Object.values(ofTypeById(type)),
    statements: (policyId: string): readonly JsonObject[] =>
      resource(policyId).Properties.PolicyDocument?.Statement ?? [],
  };
}

async function plantFunctions(folder: string): Promise<void> {
  await mkdir(folder);
  for (const name of functionNames) {
    await writeFile(join(folder, `${name}.ts`), 'export const handler = () => undefined;\n');
  }
}

function run(
  args: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly output: string }> {
  const nowhere = 'http://127.0.0.1:9';
  const env = {
    PATH: process.env['PATH'],
    HOME: cwd,
    AWS_EC2_METADATA_DISABLED: 'true',
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    ...variables,
  };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [osls, ...args], { cwd, env }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, output: `${stdout}${stderr}` }),
    );
    child.stdin?.end();
  });
}
