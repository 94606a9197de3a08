import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { cloudFormationOf } from '../../lib/adopt/cloudformation.ts';
import { emptyLastmile } from '../../lib/adopt/descriptions.ts';
import { makePlan } from '../../lib/adopt/plan.ts';
import { type InstalledPackage, installPackage } from '../fixtures/installed-package.ts';
import { ownEndpoint } from '../fixtures/stack.ts';
import { awsCli, run } from './client-processes.ts';
import { variedEventBridge } from '../unit/adopt/adopt-story.ts';
import { hasCfnLint } from './require-clients.ts';

let installed: InstalledPackage;
beforeAll(async () => {
  installed = await installPackage('aws-cdk-lib', 'constructs', 'vitest');
  symlinkSync(awsCli, join(installed.project, 'aws'));
  writeFileSync(join(installed.project, 'package.json'), '{"type": "module"}');
});
afterAll(() => rmSync(installed.project, { recursive: true }));

/** The block of a guide page that follows the marker. */
function blockOf(page: string, marker: string): string {
  const text = readFileSync(join(installed.folder, 'docs', 'guide', page), 'utf8');
  const [, block] = new RegExp(`<!-- ${marker} -->\n\`\`\`[a-z]+\n([^]*?)\`\`\``).exec(text) ?? [];
  if (block === undefined) throw new Error(`${page} has no block after <!-- ${marker} -->.`);
  return block;
}

function shell(script: string, more: Readonly<Record<string, string>> = {}) {
  const { project, path } = installed;
  const env = { PATH: [project, path].join(delimiter), HOME: project, LC_ALL: 'C.UTF-8', ...more };
  return run('bash', ['--norc', '-euo', 'pipefail', '-c', script], { cwd: project, env });
}

/** Starts the stack as the guide does, on a free port. */
async function startedStack(): Promise<string> {
  const { project, path } = installed;
  const child = spawn('npx', ['lastmile', 'start', '--port', '0'], {
    cwd: project,
    env: { PATH: path, HOME: project },
  });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  for await (const line of createInterface(child.stdout)) {
    const [, url] = /^ready (.*)/.exec(line) ?? [];
    child.stdout.resume();
    if (url !== undefined) return url;
  }
  throw new Error('The stack did not start.');
}

test('a project with the package delivers its first event by the commands of the guide', async () => {
  const [url, endpoint] = [await startedStack(), await ownEndpoint()];
  const block = blockOf('install.md', 'first-delivery')
    .replaceAll('http://127.0.0.1:4010', url)
    .replaceAll('http://127.0.0.1:8080', endpoint.origin);
  const { status, stdout, stderr } = await shell(block);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^delivered {2}orders {2}HTTP 200 {2}1 attempt/m);
  expect(stdout).toMatch(/Z {2}delivered {2}orders/);
  expect(endpoint.requests).toMatchObject([{ path: '/orders', headers: { 'x-api-key': 'opensesame' } }]);
});

test('the test of the guide passes with vitest in a project with the package', async () => {
  writeFileSync(join(installed.project, 'orders.test.js'), blockOf('your-tests.md', 'your-tests'));
  // vitest 5 needs Node 22.12, and the Node of this machine may be older.
  const PATH = [join(process.execPath, '..'), installed.path].join(delimiter);
  const { status, stdout, stderr } = await shell('npx vitest run', { PATH, NO_COLOR: '1' });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/Tests +2 passed \(2\)/);
});

/** The template that a program for the CDK makes. */
async function synthesized(program: string): Promise<string> {
  const { project } = installed;
  writeFileSync(join(project, 'shop.mjs'), program);
  // What `cdk synth --app 'node shop.mjs'` does: it runs the program, which then writes its templates into this folder.
  const out = mkdtempSync(join(project, 'cdk.out-'));
  expect(await shell('node shop.mjs', { CDK_OUTDIR: out })).toMatchObject({ status: 0, stderr: '' });
  const [name = ''] = readdirSync(out).filter((file) => file.endsWith('.template.json'));
  return join(out, name);
}

test("the guide's example for the CDK, the example templates and the template that adopt writes pass cfn-lint", async () => {
  const template = await synthesized(blockOf('cdk.md', 'cdk'));
  const { Resources } = JSON.parse(readFileSync(template, 'utf8'));
  const rules = Object.values<{ Type: string }>(Resources).filter(({ Type }) => Type === 'AWS::Events::Rule');
  const target = { Arn: expect.anything(), SqsParameters: { MessageGroupId: expect.anything() } };
  expect(rules).toMatchObject([{ Properties: { Targets: [target] } }]);

  const examples = join(installed.folder, 'infra', 'examples');
  const adopted = join(installed.project, 'adopted.template.json');
  const plan = makePlan(variedEventBridge, emptyLastmile, { stage: 'prod', rules: [], copySecrets: false });
  writeFileSync(adopted, JSON.stringify(cloudFormationOf(plan)));
  const files = readdirSync(examples).map((file) => join(examples, file));
  expect(await findingsOf(template, adopted, ...files)).toBe('');
});

test('the CDK app of the guide deploys Lastmile itself with the functions of the package', async () => {
  const imports = "import { App, Stack } from 'aws-cdk-lib'; import { Lastmile } from 'lastmile/cdk';";
  const template = await synthesized(imports + blockOf('cdk.md', 'cdk-deploy'));
  const assets = readdirSync(dirname(template)).filter((file) => file.endsWith('.zip'));
  const { Resources } = JSON.parse(readFileSync(template, 'utf8'));
  const functions = Object.values<{ Type: string }>(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  expect(assets.length).toBe(functions.length);
  expect(functions).toContainEqual(
    expect.objectContaining({ Properties: expect.objectContaining({ FunctionName: 'lastmile-prod-deliver' }) }),
  );
});

/** What cfn-lint finds in templates; empty when it finds nothing, or is not installed. `require-clients.ts` then says so. */
async function findingsOf(...templates: readonly string[]): Promise<string> {
  if (!hasCfnLint) return '';
  const { stdout, stderr } = await run('cfn-lint', ['--', ...templates], { env: process.env });
  return stdout + stderr;
}
