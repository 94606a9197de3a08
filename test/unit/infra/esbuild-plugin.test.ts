import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

interface FunctionDefinition {
  handler: string;
  package?: { readonly patterns: readonly string[] };
}

type Hooks = Readonly<Record<string, () => Promise<void>>>;

const require = createRequire(import.meta.url);
const EsbuildPlugin = require('../../../infra/plugins/esbuild-plugin.cjs') as new (
  serverless: object,
  options: { readonly function?: string },
) => { readonly hooks: Hooks };

describe('the esbuild plugin', () => {
  let serviceDir: string;
  beforeEach(async () => {
    serviceDir = await mkdtemp(join(tmpdir(), 'lastmile-bundle-'));
    await mkdir(join(serviceDir, 'infra', 'bundle'), { recursive: true });
    const budget = { start: 1000, whole: 1000 };
    const lazy = { start: 2000, whole: 6000 };
    await writeFile(budgetFile(), JSON.stringify({ greet: budget, lazy, one: budget, broken: budget, absent: budget }));
  });
  afterEach(() => rm(serviceDir, { recursive: true }));

  test('the esbuild plugin packages each function as a zip with one ES module', async () => {
    await plant(
      'greet',
      "import { join } from 'node:path';\nexport const handler = async (name: string) => join('hello', name);",
    );
    const { functions, hooks } = plugin(['greet']);
    await hooks['before:package:createDeploymentArtifacts']?.();
    expect(functions['greet']).toEqual({
      handler: '.build/greet/handler.handler',
      package: { patterns: ['!**', '.build/greet/**'] },
    });
    const bundle = require(join(serviceDir, '.build/greet/handler.js')) as { handler(name: string): Promise<string> };
    expect(await bundle.handler('world')).toBe(join('hello', 'world'));
  });

  test('a CommonJS package in a bundle can require modules of Node', async () => {
    await plant('old', "import { sep } from './old.cjs';\nexport const handler = () => sep;");
    await writeFile(join(serviceDir, 'functions/old.cjs'), "exports.sep = require('node:path').sep;");
    const { hooks } = plugin(['old'], 'old');
    await hooks['before:invoke:local:invoke']?.();
    const bundle = require(join(serviceDir, '.build/old/handler.js')) as { handler(): string };
    expect(bundle.handler()).toBe('/');
  });

  test('code that a function imports on demand is bundled as a separate file, so that a cold start does not load it', async () => {
    await plant('lazy', "export const handler = () => import('./rare.ts');");
    await writeFile(join(serviceDir, 'functions/rare.ts'), "export const rare = 'rarely needed';");
    const { hooks } = plugin(['lazy']);
    await hooks['before:package:createDeploymentArtifacts']?.();
    const files = (await readdir(join(serviceDir, '.build/lazy'))).filter((name) => name.endsWith('.js'));
    expect(files).toEqual(['handler.js', expect.stringMatching(/^rare-.*\.js$/)]);
  });

  test('the esbuild plugin removes the files of an earlier build', async () => {
    await plant('greet', 'export const handler = () => 1;');
    await mkdir(join(serviceDir, '.build/greet'), { recursive: true });
    await writeFile(join(serviceDir, '.build/greet/chunk-old.js'), 'old');
    await plugin(['greet']).hooks['before:package:createDeploymentArtifacts']?.();
    expect(await readdir(join(serviceDir, '.build/greet'))).not.toContain('chunk-old.js');
  });

  test('invoking or deploying one function bundles only that function', async () => {
    await plant('one', 'export const handler = () => 1;');
    await plugin(['one', 'absent'], 'one').hooks['before:deploy:function:packageFunction']?.();
    expect(await readdir(join(serviceDir, '.build'))).toEqual(['one', 'one.contents.json']);
  });

  test('the error for a function whose source file is missing names the function', async () => {
    const bundling = plugin(['absent']).hooks['before:package:createDeploymentArtifacts']?.();
    await expect(bundling).rejects.toThrow('Function absent: there is no functions/absent.ts.');
  });

  test('the error for code that cannot be bundled shows file and line', async () => {
    await plant('broken', "import './nowhere.ts';\nexport const handler = () => 1;");
    const bundling = plugin(['broken']).hooks['before:package:createDeploymentArtifacts']?.();
    await expect(bundling).rejects.toThrow(/^Function broken cannot be bundled\.\n[^]*broken\.ts:1:7/);
  });

  test('packaging fails for a bundle over its size budget, and the error names the largest packages', async () => {
    await plant('greet', "import { text } from 'heavy';\nexport const handler = () => text;");
    await mkdir(join(serviceDir, 'node_modules/heavy'), { recursive: true });
    await writeFile(join(serviceDir, 'node_modules/heavy/index.js'), `exports.text = '${'x'.repeat(2000)}';`);
    for (const hook of ['before:package:createDeploymentArtifacts', 'before:deploy:function:packageFunction']) {
      const bundling = plugin(['greet'], 'greet').hooks[hook]?.();
      await expect(bundling).rejects.toThrow(
        /^Function greet loads 2\.\d KB at a cold start, and its budget is 1\.0 KB\. [^]*\n {2}heavy: 2\.0 KB\n/,
      );
    }
    await plugin(['greet'], 'greet').hooks['before:invoke:local:invoke']?.();
  });

  test('code that is loaded on demand counts in the budget of the whole bundle, and not in the budget of a cold start', async () => {
    await plant('lazy', "export const handler = () => import('./rare.ts');");
    const writeRare = (bytes: number) =>
      writeFile(join(serviceDir, 'functions/rare.ts'), `export const rare = '${'x'.repeat(bytes)}';`);
    await writeRare(7000);
    await expect(plugin(['lazy']).hooks['before:package:createDeploymentArtifacts']?.()).rejects.toThrow(
      /^The bundle of function lazy has 7\.\d KB in all, and its budget is 6\.0 KB\. The largest parts:\n {2}lastmile: 7\.\d KB$/,
    );
    await writeRare(3000);
    await plugin(['lazy']).hooks['before:package:createDeploymentArtifacts']?.();
    const contents = JSON.parse(await readFile(join(serviceDir, '.build/lazy.contents.json'), 'utf8'));
    expect(contents.startBytes).toBeLessThan(2000);
    expect(contents.onDemandBytes).toBeGreaterThan(3000);
    expect(contents.packages).toMatchObject([{ name: 'lastmile' }]);
  });

  test('a bundle loads its start from one file, and what it shares with a part loaded on demand exists once', async () => {
    await plant(
      'lazy',
      `import { Shared } from './shared.ts';
export const handler = async () => (await import('./rare.ts')).make() instanceof Shared;`,
    );
    await writeFile(join(serviceDir, 'functions/shared.ts'), 'export class Shared {}');
    const rare = "import { Shared } from './shared.ts';\nexport const make = () => new Shared();";
    await writeFile(join(serviceDir, 'functions/rare.ts'), rare);
    await plugin(['lazy']).hooks['before:package:createDeploymentArtifacts']?.();
    const files = await readdir(join(serviceDir, '.build/lazy'));
    expect(files.filter((file) => file.endsWith('.js'))).toEqual(['handler.js', expect.stringMatching(/^rare-/)]);
    const { handler } = (await import(join(serviceDir, '.build/lazy/handler.js'))) as { handler(): Promise<boolean> };
    expect(await handler()).toBe(true);
  });

  test('packaging fails for a function without a size budget, and the error names the function', async () => {
    await plant('new', 'export const handler = () => 1;');
    const bundling = plugin(['new']).hooks['before:package:createDeploymentArtifacts']?.();
    await expect(bundling).rejects.toThrow(
      'Function new has no budget; give it one in infra/bundle/bundle-budget.json.',
    );
  });

  test('a bundle loads a module of Node only when the module is first used', async () => {
    await plant(
      'greet',
      `import * as all from 'node:dgram';
import whole, { isIP } from 'node:net';
import { PassThrough } from 'stream';
export const handler = () => [typeof all.createSocket, whole.isIP('::1'), isIP('127.0.0.1'), typeof PassThrough];`,
    );
    await plugin(['greet'], 'greet').hooks['before:invoke:local:invoke']?.();
    const script = `
      const loaded = () => ['dgram', 'net'].filter((name) => process.moduleLoadList.includes('NativeModule ' + name));
      const { handler } = await import(${JSON.stringify(join(serviceDir, '.build/greet/handler.js'))});
      const before = loaded();
      console.log(JSON.stringify([before, handler(), loaded()]));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual([[], ['function', 6, 4, 'function'], ['dgram', 'net']]);
  });

  function budgetFile(): string {
    return join(serviceDir, 'infra', 'bundle', 'bundle-budget.json');
  }

  async function plant(name: string, source: string): Promise<void> {
    await mkdir(join(serviceDir, 'functions'), { recursive: true });
    await writeFile(join(serviceDir, 'functions', `${name}.ts`), source);
  }

  /** The plugin with a stand-in for the part of osls that it uses. */
  function plugin(
    names: readonly string[],
    invoked?: string,
  ): { functions: Record<string, FunctionDefinition>; hooks: Hooks } {
    const functions: Record<string, FunctionDefinition> = {};
    for (const name of names) functions[name] = { handler: `functions/${name}.handler` };
    const service = { package: {}, getAllFunctions: () => names, getFunction: (name: string) => functions[name] };
    const options = invoked === undefined ? {} : { function: invoked };
    const { hooks } = new EsbuildPlugin({ serviceDir, service, classes: { Error } }, options);
    return { functions, hooks };
  }
});
