import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** A file that breaks one rule: its path, its text, the rule, and a part of the error. */
type Violation = readonly [path: string, source: string, rule: string, words: string];

const imports = 'lastmile(layers)';
const chance = 'eslint(no-restricted-imports)';
const globals = 'eslint(no-restricted-globals)';
const properties = 'eslint(no-restricted-properties)';

/** For each layer, one import of every layer that it must not import, from folders of different depths. */
const violations: readonly Violation[] = [
  ...refusedImports('lib/core/rate', [
    '../../ports/clock.ts',
    '../../config.ts',
    './../../adapters/system-clock.ts',
    'node:fs',
    'undici',
    '@aws-sdk/client-sqs',
  ]),
  ...refusedImports('lib/ports', ['../config.ts', '../adapters/system-clock.ts', 'node:crypto']),
  ...refusedImports('lib/delivery', [
    '../control/operation.ts',
    '../protocol/aws-json.ts',
    '../config.ts',
    'node:crypto',
  ]),
  ...refusedImports('lib/control/api-keys', [
    '../../delivery/deliver.ts',
    '../../adapters/system-clock.ts',
    'node:http',
  ]),
  ...refusedImports('lib/protocol/model', ['../../control/operations.ts', '../../local/stack/gateway.ts', 'node:http']),
  ...refusedImports('lib/adapters/http', [
    '../../delivery/deliver.ts',
    '../../config.ts',
    '../../../functions/deliver.ts',
  ]),
  ...refusedImports('functions', [
    '../lib/local/stack/gateway.ts',
    '../lib/commands/start.ts',
    '../test/fakes/manual-clock.ts',
    '../bench/run.ts',
    './control-api.ts',
  ]),
  ...refusedImports('lib/local/bus/store', ['../../../commands/start.ts', '../../../../test/fakes/manual-clock.ts']),
  ...refusedImports('lib/commands', ['../../test/fakes/manual-clock.ts', '../../bench/run.ts', '../../soak/soak.ts']),
  ...refusedImports('soak', ['../test/fakes/manual-clock.ts', '../bench/run.ts']),
  ['functions/wiring.ts', "export { handler } from './deliver.ts';", imports, 'Layer wiring'],
  ['lib/config.ts', "export { systemClock } from './adapters/system-clock.ts';", imports, 'Layer config'],
  ['lib/core/type-import.ts', "import type { C } from '../ports/clock.ts';\nexport type D = C;", imports, 'Layer core'],
  ['lib/core/type-query.ts', "export type D = import('../ports/clock.ts').C;", imports, 'Layer core'],
  ['lib/core/re-export.ts', "export { deliver } from '../delivery/deliver.ts';", imports, 'Layer core'],
  ['lib/core/lazy-import.ts', "export const pool = () => import('undici');", imports, 'Layer core'],
  ['lib/core/circle-a.ts', "import type { B } from './circle-b.ts';\nexport type A = B;", 'import(no-cycle)', ''],
  ['lib/core/circle-b.ts', "import type { A } from './circle-a.ts';\nexport type B = A[];", 'import(no-cycle)', ''],
  [
    'lib/core/chance.ts',
    "import { randomUUID } from 'node:crypto';\nexport const id = randomUUID();",
    chance,
    'Chance',
  ],
  ...['core', 'delivery', 'control'].flatMap((layer): Violation[] => [
    [`lib/${layer}/now.ts`, 'export const now = Date.now();', properties, 'Clock'],
    [`lib/${layer}/new-date.ts`, 'export const now = new Date();', 'lastmile(no-current-time)', 'Clock'],
    [`lib/${layer}/date-text.ts`, 'export const now = Date();', 'lastmile(no-current-time)', 'Clock'],
    [`lib/${layer}/random.ts`, 'export const chance = Math.random();', properties, 'Random'],
    [`lib/${layer}/environment.ts`, 'export const name = process.env.TABLE_NAME;', properties, 'lib/config.ts'],
    [`lib/${layer}/taken-environment.ts`, 'const { env } = process;\nexport { env };', properties, 'lib/config.ts'],
    [`lib/${layer}/timer.ts`, 'setTimeout(() => {}, 1);\nexport {};', globals, 'Clock'],
    [`lib/${layer}/global-timer.ts`, 'globalThis.setTimeout(() => {}, 1);\nexport {};', properties, 'port'],
  ]),
  ['lib/core/floating.ts', 'Promise.resolve();\nexport {};', 'typescript(no-floating-promises)', ''],
  [
    'lib/core/switch.ts',
    "export function f(kind: 'a' | 'b') { switch (kind) { case 'a': return 1; } return 2; }",
    'typescript(switch-exhaustiveness-check)',
    '"b"',
  ],
  ['lib/core/barrel.ts', "export * from './json.ts';", 'oxc(no-barrel-file)', ''],
  ['lib/core/default-export.ts', 'export default 1;', 'import(no-default-export)', ''],
  ['lib/core/any.ts', 'export const value = (x: any) => x;', 'typescript(no-explicit-any)', ''],
  ['lib/core/non-null.ts', 'export const f = (x?: string) => x!.length;', 'typescript(no-non-null-assertion)', ''],
  [
    'lib/core/parameter-property.ts',
    'export class A { constructor(readonly x: number) {} }',
    'typescript(parameter-properties)',
    '',
  ],
  ['lib/core/to-do.ts', `// ${'to'}${'do'}: later\nexport {};`, 'eslint(no-warning-comments)', ''],
  ['lib/core/long.ts', 'export {};\n'.repeat(251), 'eslint(max-lines)', '250'],
  [
    'test/module-mock.test.ts',
    "import { vi } from 'vitest';\nvi.doMock('./x.ts');",
    'vitest(no-restricted-vi-methods)',
    'contract',
  ],
  ['test/no-assertion.test.ts', "import { test } from 'vitest';\ntest('a', () => {});", 'vitest(expect-expect)', ''],
];

/** Files with every allowed import. They prove that the rules do not refuse too much. */
const allowed: readonly (readonly [path: string, source: string])[] = [
  allowedImports('lib/core/rate', ['./slots.ts', '../input/json.ts', 'node:buffer', 'node:zlib', 'ipaddr.js']),
  allowedImports('lib/ports', ['./clock.ts', '../core/input/json.ts']),
  allowedImports('lib/delivery/rate', ['../deliver.ts', '../../core/input/json.ts', '../../ports/clock.ts']),
  allowedImports('lib/control', ['./operation.ts', '../core/input/json.ts', '../ports/clock.ts']),
  allowedImports('lib/protocol', ['./model/patterns.ts', '../core/input/json.ts', '../ports/clock.ts', 'node:buffer']),
  allowedImports('lib/adapters/http', ['../system-clock.ts', '../../core/input/json.ts', 'node:net', 'undici']),
  allowedImports('functions', [
    './wiring.ts',
    '../lib/config.ts',
    '../lib/delivery/deliver.ts',
    '../package.json',
    '@middy/core',
  ]),
  allowedImports('lib/local/stack', ['../../../functions/deliver.ts', '../../adapters/system-clock.ts', 'dynalite']),
  allowedImports('lib/commands', ['../local/stack/stack.ts', '../../functions/deliver.ts', 'node:util']),
  allowedImports('soak', ['./plan.ts', '../lib/local/stack/stack.ts', '../lib/commands/flags.ts']),
  [
    'lib/core/given-time.ts',
    'export const text = (nowMs: number) => new Date(nowMs).toISOString() + Date.UTC(2026, 0);',
  ],
];

interface Diagnostic {
  readonly filename: string;
  readonly code: string;
  readonly message: string;
  readonly help?: string;
}

describe('the linter', () => {
  const repository = join(import.meta.dirname, '..', '..', '..');
  let folder: string;
  let diagnostics: readonly Diagnostic[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lastmile-layers-'));
    for (const name of ['.oxlintrc.json', 'infra/lint-rules.mjs']) await cp(join(repository, name), join(folder, name));
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { strict: true, types: [] } }));
    for (const [path, source] of [...violations, ...allowed]) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), source);
    }
    diagnostics = await lint(repository, folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.for(violations.map(describeViolation))('the linter refuses $line in $folder', ({ path, rule, words }) => {
    const refusals = diagnostics.filter(({ filename, code }) => filename === path && code === rule);
    expect(refusals.map(({ message, help }) => `${message} ${help ?? ''}`)).toEqual(
      expect.arrayContaining([expect.stringContaining(words)]),
    );
  });

  test.for(allowed)('the linter accepts %s, which imports everything that its layer may import', ([path]) => {
    expect(diagnostics.filter(({ filename }) => filename === path)).toEqual([]);
  });
});

function describeViolation([path, source, rule, words]: Violation) {
  return { path, rule, words, folder: dirname(path), line: source.split('\n')[0] };
}

function refusedImports(folder: string, specifiers: readonly string[]): Violation[] {
  return specifiers.map((specifier, index) => [
    `${folder}/refused-${index}.ts`,
    `import * as imported from '${specifier}';\nexport const value = imported;`,
    imports,
    `'${specifier}'`,
  ]);
}

function allowedImports(layerFolder: string, specifiers: readonly string[]): readonly [path: string, source: string] {
  const statements = specifiers.map((specifier, index) => `import * as imported${index} from '${specifier}';`);
  const names = specifiers.map((_, index) => `imported${index}`);
  return [`${layerFolder}/allowed.ts`, `${statements.join('\n')}\nexport const values = [${names.join(', ')}];`];
}

async function lint(repository: string, folder: string): Promise<readonly Diagnostic[]> {
  const oxlint = join(repository, 'node_modules', 'oxlint', 'bin', 'oxlint');
  // The linter exits with 1 because it finds violations.
  const { stdout } = await promisify(execFile)(process.execPath, [oxlint, '--type-aware', '--format', 'json'], {
    cwd: folder,
    env: { ...process.env, OXLINT_TSGOLINT_PATH: join(repository, 'node_modules', '.bin', 'tsgolint') },
    maxBuffer: 16 * 1024 * 1024,
  }).catch((error: unknown) => error as { readonly stdout: string });
  return (JSON.parse(stdout) as { readonly diagnostics: readonly Diagnostic[] }).diagnostics;
}
