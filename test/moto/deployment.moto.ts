import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createLambdaClient } from '../../lib/adapters/aws/clients.ts';
import { type DeploymentProxy, startDeploymentProxy } from './deployment-proxy.ts';

/* osls deploys a small service, which has the plugins of ours that package and deploy, to moto's CloudFormation, S3 and Lambda. */

const repository = join(import.meta.dirname, '..', '..');
const definition = {
  service: 'greeter',
  frameworkVersion: '^4.3.1',
  plugins: ['./infra/plugins/esbuild-plugin.cjs', './infra/plugins/deployment-time.cjs'],
  provider: { name: 'aws', runtime: 'nodejs24.x', region: 'us-east-1', versionFunctions: false },
  package: { individually: true },
  functions: { greet: { handler: 'functions/greet.handler' } },
};
const started: { proxy?: DeploymentProxy } = {};
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lastmile-deployment-'));
  started.proxy = await startDeploymentProxy(inject('moto') ?? '');
  await mkdir(join(folder, 'functions'));
  await cp(join(repository, 'infra'), join(folder, 'infra'), { recursive: true });
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'serverless.yml'), JSON.stringify(definition));
  await writeFile(join(folder, 'infra', 'bundle', 'bundle-budget.json'), '{"greet":{"start":1000,"whole":1000}}');
  await makePackage('older', '1700000000');
  await makePackage('newer', '1700000100');
});
afterAll(async () => {
  await started.proxy?.stop();
  await rm(folder, { recursive: true });
});

test('the stack runs the package that was deployed last, also after a rollback, and a package that runs is not deployed again', async () => {
  const [older, newer] = [await codeOf('older'), await codeOf('newer')];
  const before = await filesOf('older');
  const beganMs = Date.now();
  expect(await deploy('older')).toEqual(['deployed', older]);
  expect(await deploy('newer')).toEqual(['deployed', newer]);
  expect(await deploy('older')).toEqual(['deployed', older]);
  expect(await deploy('newer')).toEqual(['deployed', newer]);
  expect(await deploy('newer')).toEqual(['skipped', newer]);
  expect(await filesOf('older')).toEqual(before);
  const times = started.proxy?.deploymentTimes ?? [];
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect([times.length, (times[0] ?? 0) >= beganMs]).toEqual([4, true]);
  await osls('rollback', '--timestamp', String(times[0]));
  expect(await runningCode()).toBe(older);
  expect(await deploy('newer')).toEqual(['deployed', newer]);
}, 180_000);

async function makePackage(name: string, epoch: string): Promise<void> {
  await writeFile(join(folder, 'functions', 'greet.ts'), `export const handler = () => '${name}';\n`);
  await osls('package', '--package', join(folder, name), { SOURCE_DATE_EPOCH: epoch });
}

/** Resolves to what osls said, and to the code that runs afterwards. */
async function deploy(name: string): Promise<['deployed' | 'skipped', string | undefined]> {
  const output = await osls('deploy', '--package', join(folder, name));
  return [output.includes('No changes to deploy') ? 'skipped' : 'deployed', await runningCode()];
}

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

async function runningCode(): Promise<string | undefined> {
  const lambda = createLambdaClient({ region: 'us-east-1', endpoint: started.proxy?.endpoint ?? '', credentials });
  const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: 'greeter-prod-greet' }));
  lambda.destroy();
  return Configuration?.CodeSha256;
}

async function codeOf(name: string): Promise<string> {
  const zip = await readFile(join(folder, name, 'greet.zip'));
  return createHash('sha256').update(zip).digest('base64');
}

async function filesOf(name: string): Promise<Record<string, string>> {
  const files = await readdir(join(folder, name));
  const read = files.map(async (file) => [file, await readFile(join(folder, name, file), 'base64')] as const);
  return Object.fromEntries(await Promise.all(read));
}

async function osls(...args: readonly (string | Readonly<Record<string, string>>)[]): Promise<string> {
  const flags = args.filter((arg) => typeof arg === 'string');
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: started.proxy?.endpoint,
    SLS_AWS_MONITORING_FREQUENCY: '50',
    SLS_TELEMETRY_DISABLED: '1',
    SLS_NOTIFICATIONS_MODE: 'off',
    ...Object.assign({}, ...args.filter((arg) => typeof arg === 'object')),
  };
  const command = ['node_modules/osls/bin/serverless.js', ...flags, '--stage', 'prod'];
  const child = spawn(process.execPath, command, { cwd: folder, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`osls ${flags.join(' ')} failed:\n${output}`);
  return output;
}
