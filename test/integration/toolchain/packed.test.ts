import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { exportsOfPackage } from '../../../infra/release/entries.ts';
import { version } from '../../../lib/core/version.ts';
import { createDestination } from '../../fixtures/clients.ts';
import { ownClients } from '../../fixtures/stack.ts';
import { functionNames } from '../../unit/infra/packaged-template.ts';
import { type InstalledPackage, installPackage } from '../../fixtures/installed-package.ts';
import { startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

let installed: InstalledPackage;
beforeAll(async () => {
  installed = await installPackage('aws-cdk-lib', 'constructs', 'vitest', '@types/node');
});
afterAll(() => rmSync(installed.project, { recursive: true }));

const repository = join(import.meta.dirname, '..', '..', '..');
const mostBytes = 5_000_000;

/** Runs the command as `npx lastmile` does, on the Node of this machine. */
function lastmile(...args: readonly string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const { project, folder, path } = installed;
  const env = { PATH: path, HOME: project, npm_lifecycle_event: 'npx' };
  return new Promise((resolve) => {
    const command = join(folder, 'infra', 'node', 'lastmile.cjs');
    const child = execFile(command, args, { cwd: project, env }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
}

test('the package has no tests, no benchmarks and no sources, and is smaller than 5 MB', () => {
  const files = execFileSync('tar', ['-tzf', installed.tarball], { encoding: 'utf8' }).trim().split('\n');
  const names = files.map((file) => file.replace('package/', ''));
  expect(names).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'test/events/custom-order-placed.json']));
  const unwanted = /^(bench|soak|functions|lib|\.)|^test\/(?!events\/)|\.test\.|(?<!\.d)\.ts$/;
  expect(names.filter((name) => unwanted.test(name))).toEqual([]);
  expect(statSync(installed.tarball).size).toBeLessThan(mostBytes);
});

const functionFiles = () => readdirSync(join(installed.folder, 'dist', 'functions')).sort();

test('the package has a zip of every function, and names each package in them with its licence', () => {
  expect(functionFiles()).toEqual(functionNames.flatMap((name) => [`${name}.contents.json`, `${name}.zip`]).sort());
  const bundled = functionFiles()
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => JSON.parse(readFileSync(join(installed.folder, 'dist', 'functions', file), 'utf8')).packages)
    .map(({ name }: { readonly name: string }) => name)
    .filter((name) => name !== 'lastmile' && name !== 'node');
  expect(bundled).toEqual(expect.arrayContaining(['undici', '@smithy/core', '@middy/core']));
  const notices = readFileSync(join(installed.folder, 'dist', 'THIRD-PARTY-NOTICES.txt'), 'utf8');
  const named = new Set([...notices.matchAll(/^(\S+) \d\S* \([A-Za-z0-9. -]+\)$/gm)].map(([, name]) => name));
  expect(bundled.filter((name) => !named.has(name))).toEqual([]);
  expect(notices).toContain('data/events/2015-10-07/service-2.json (Apache-2.0), shortened');
});

test('lastmile package --release makes the files of a release from the installed package, with correct checksums', async () => {
  const { status, stdout, stderr } = await lastmile('package', '--release');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(new RegExp(`\npackaged lastmile-${version}\n$`));
  const release = join(installed.project, `lastmile-${version}`);
  const zips = functionFiles().filter((file) => file.endsWith('.zip'));
  expect(readdirSync(release)).toEqual(
    expect.arrayContaining([...zips, `lastmile-${version}.template.json`, 'SHA256SUMS']),
  );
  execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: release });
  for (const zip of zips) {
    expect(readFileSync(join(release, zip))).toEqual(readFileSync(join(installed.folder, 'dist', 'functions', zip)));
  }
});

test('lastmile deploy checks its arguments in an installed package, and names the way out', async () => {
  expect(await lastmile('deploy', '--stage', 'prod', '--param', 'maximumConcurency=7')).toEqual({
    status: 2,
    stdout: '',
    stderr:
      'There is no parameter maximumConcurency. Did you mean maximumConcurrency? See npx lastmile deploy --help.\n',
  });
  expect(await lastmile('deploy', '--stage', 'prod')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('There is no terminal to ask at. Add --yes to deploy without asking'),
  });
});

test('package.json exports every entry of the release table, and the package has the files and the declarations', () => {
  const { exports } = JSON.parse(readFileSync(join(installed.folder, 'package.json'), 'utf8'));
  expect(exports).toEqual(exportsOfPackage());
  const ways = Object.values<string | Record<string, string>>(exports);
  const files = ways.flatMap((way) => (typeof way === 'string' ? [way] : Object.values(way)));
  expect(files.filter((file) => !existsSync(join(installed.folder, file)))).toEqual([]);
});

test('a program on the Node of this machine imports the entries, with no other packages than those that the package declares', () => {
  const program = `
    const { startStack } = await import('lastmile/testing');
    const { ruleEvent } = await import('lastmile/events');
    const { LastmileTarget } = await import('lastmile/cdk');
    console.log(typeof startStack, typeof ruleEvent, typeof LastmileTarget, import.meta.resolve('lastmile/testing/vitest'));`;
  const options = { cwd: installed.project, env: { PATH: installed.path }, encoding: 'utf8' } as const;
  const printed = execFileSync('node', ['--input-type=module', '-e', program], options);
  expect(printed).toMatch(/^function function function file:.*\/dist\/entries\/testing-vitest\.js\n$/);
});

/** They use each entry. They expect errors where a type would be `any` if a declaration could not be found. */
const testingProgram = `
import { envelope, ruleEvent, sqsBatch } from 'lastmile/events';
import { type Delivery, startReceiver, startStack, type TestStack } from 'lastmile/testing';
import { test } from 'lastmile/testing/vitest';

export async function deliver(): Promise<Delivery['Outcome']> {
  const stack: TestStack = await startStack();
  const receiver = await startReceiver();
  // @ts-expect-error: it has no such method
  receiver.missing();
  const delivery = await stack.waitForDelivery(await stack.sendEvent('orders', { detail: { number: 7 } }));
  return delivery.Outcome;
}
export const batch = sqsBatch([envelope('orders', ruleEvent({ detail: { number: 7 } }))]);
// @ts-expect-error: a batch has records, no messages
export const messages = batch.messages;
test('an order arrives', async ({ stack, receiver }) => {
  await stack.createDestination({ Name: 'orders', InvocationEndpoint: receiver.url });
  // @ts-expect-error: the address is a text
  receiver.url.toFixed();
});
`;
const cdkProgram = `
import { App, Stack } from 'aws-cdk-lib';
import { ApiDestination, Lastmile, LastmileTarget } from 'lastmile/cdk';

const lastmile = Lastmile.fromStage(new Stack(new App()), 'Lastmile', { stage: 'prod' });
export const target = new LastmileTarget({ apiDestinationName: 'orders', lastmile });
// @ts-expect-error: an API destination needs properties
export const destination = new ApiDestination(lastmile, 'Orders');
`;

test.each([
  // The declarations of the CDK take most of the time, so only one of the two programs has them.
  ['nodenext', 'nodenext', testingProgram + cdkProgram],
  ['bundler', 'esnext', testingProgram],
])(
  'a strict TypeScript program that resolves modules as %s finds the declarations of the entries, and they have no error',
  (moduleResolution, module, program) => {
    const { project } = installed;
    writeFileSync(join(project, 'program.mts'), program);
    const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
    const flags = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2024', '--types', 'node'];
    const modules = ['--module', module, '--moduleResolution', moduleResolution];
    const options = { cwd: project, encoding: 'utf8' } as const;
    const { status, stdout } = spawnSync(process.execPath, [compiler, ...flags, ...modules, 'program.mts'], options);
    expect([status, stdout]).toEqual([0, '']);
  },
);

test('lastmile --version prints the version, and lastmile --help lists the subcommands', async () => {
  expect(await lastmile('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  const { status, stdout } = await lastmile('--help');
  expect([status, stdout]).toEqual([0, expect.stringMatching(/npx lastmile <command>[^]*^ {2}send +sends one event/m)]);
});

test('the help and the refusals of an installed command name it as the user called it', async () => {
  expect((await lastmile('help', 'send')).stdout).toContain(
    '  npx lastmile send <API destination> [event.json] [options]',
  );
  expect(await lastmile('send')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('npx lastmile send <API'),
  });
  expect(await lastmile('send', '--colour')).toEqual({
    status: 2,
    stdout: '',
    stderr: "Unknown option '--colour'. See npx lastmile send --help.\n",
  });
});

test('lastmile asks for the subcommand that somebody has probably meant', async () => {
  expect(await lastmile('deadletters')).toEqual({
    status: 2,
    stdout: '',
    stderr: 'There is no command deadletters. Did you mean dead-letters? See npx lastmile --help.\n',
  });
});

test('lastmile says that a subcommand needs a checkout when the package does not have its files', async () => {
  const { status, stderr } = await lastmile('soak');
  expect([status, stderr]).toEqual([
    2,
    'npx lastmile soak works only in a checkout of Lastmile, because it needs soak/soak.ts.\n',
  ]);
});

/** The script of the console's page, as a browser gets it. */
async function firstScript(consoleUrl: string): Promise<Response> {
  const opened = await fetch(consoleUrl, { redirect: 'manual', headers: { accept: 'text/html' } });
  const [cookie = ''] = opened.headers.getSetCookie()[0]?.split(';') ?? [];
  const page = await fetch(new URL('/', consoleUrl), { headers: { cookie, accept: 'text/html' } });
  const [, script = ''] = /<script type="module" src="([^"]+)">/.exec(await page.text()) ?? [];
  return await fetch(new URL(script, consoleUrl), { headers: { cookie } });
}

test('lastmile start and lastmile send deliver an event from an empty folder, the console is there, and a signal stops the stack', async () => {
  const { project, folder, path } = installed;
  const endpoint = await startRecordingEndpoint(() => ({ status: 204 }));
  onTestFinished(() => endpoint.close());
  const command = join(folder, 'infra', 'node', 'lastmile.cjs');
  const stack = spawn(command, ['start', '--port', '0'], { cwd: project, env: { PATH: path, HOME: project } });
  const ended = once(stack, 'close');
  let [url, consoleUrl] = ['', ''];
  for await (const line of createInterface(stack.stdout)) {
    url = /^ready (.*)/.exec(line)?.[1] ?? url;
    consoleUrl = /^Console: +(.*)/.exec(line)?.[1] ?? '';
    if (consoleUrl !== '') break;
  }
  stack.stdout.resume();
  const { events } = ownClients({ url });
  await createDestination(events, 'orders', { InvocationEndpoint: `${endpoint.origin}/orders` });
  const sent = await lastmile(
    'send',
    'orders',
    join(folder, 'test/events/custom-order-placed.json'),
    '--endpoint-url',
    url,
  );
  expect(sent).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^delivered {2}orders {2}HTTP 204/),
    stderr: '',
  });
  expect(endpoint.requests.map((request) => request.path)).toEqual(['/orders']);
  expect(await firstScript(consoleUrl)).toMatchObject({ status: 200 });
  stack.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
