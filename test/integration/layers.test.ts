import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** A file that breaks one rule: where it lies, what it says, and which rule refuses it with which words. */
type Violation = readonly [path: string, source: string, rule: string, words: string];

const imports = 'eslint(no-restricted-imports)';
const globals = 'eslint(no-restricted-globals)';
const properties = 'eslint(no-restricted-properties)';

const violations: readonly Violation[] = [
  ...refusedImports('lib/core', 'Layer core', [
    '../ports.ts',
    '../config.ts',
    '../delivery/deliver.ts',
    '../adapters/system-clock.ts',
    './../adapters/system-clock.ts',
    '../../functions/deliver/handler.ts',
    'node:fs',
    'undici',
    '@aws-sdk/client-sqs',
  ]),
  ...refusedImports('lib/delivery', 'Layer delivery', [
    '../control/operation.ts',
    '../protocol/aws-json.ts',
    '../adapters/system-clock.ts',
    '../local/gateway.ts',
    '../config.ts',
    'node:crypto',
    'undici',
    '@aws-sdk/client-sqs',
  ]),
  ...refusedImports('lib/control', 'Layer control', [
    '../delivery/deliver.ts',
    '../protocol/aws-json.ts',
    '../adapters/system-clock.ts',
    'node:timers/promises',
    '@aws-sdk/client-dynamodb',
  ]),
  ...refusedImports('lib/protocol', 'Layer protocol', [
    '../control/operations.ts',
    '../adapters/system-clock.ts',
    '../local/gateway.ts',
    'node:http',
    '@middy/core',
  ]),
  ...refusedImports('lib/adapters', 'Layer adapters', [
    '../delivery/deliver.ts',
    '../control/operation.ts',
    '../protocol/aws-json.ts',
    '../local/gateway.ts',
    '../commands/start.ts',
    '../config.ts',
    '../../functions/deliver/handler.ts',
    '../../test/fakes/manual-clock.ts',
  ]),
  ...refusedImports('functions/deliver', 'Layer functions', [
    '../../lib/local/gateway.ts',
    '../../lib/commands/start.ts',
    '../../test/fakes/manual-clock.ts',
    '../../bench/run.ts',
    '../control-api/handler.ts',
    '../wiring.ts',
    '../metrics.ts',
  ]),
  ...refusedImports('lib/local', 'Layer local', [
    '../commands/start.ts',
    '../../test/fakes/manual-clock.ts',
    '../../bench/run.ts',
  ]),
  ...refusedImports('lib/commands', 'Layer commands', ['../../test/fakes/manual-clock.ts', '../../bench/run.ts']),
  refusedImport('functions/other/dependencies.ts', '../deliver/dependencies.ts', 'Layer functions'),
  refusedImport('functions/wiring.ts', '../lib/local/gateway.ts', 'Layer functions'),
  refusedImport('functions/metrics.ts', '../lib/local/gateway.ts', 'Layer functions'),
  ['lib/ports.ts', "export * from './adapters/system-clock.ts';", imports, 'Layer ports'],
  ['lib/metrics-ports.ts', "export * from './ports.ts';", imports, 'Layer ports'],
  ['lib/config.ts', "export * from './ports.ts';", imports, 'Layer config'],
  [
    'lib/core/type-import.ts',
    "import type { Clock } from '../ports.ts';\nexport type C = Clock;",
    imports,
    'Layer core',
  ],
  ['lib/core/re-export.ts', "export { deliver } from '../delivery/deliver.ts';", imports, 'Layer core'],
  ['lib/core/lazy-import.ts', "export const pool = () => import('undici');", imports, 'Layer core'],
  [
    'lib/core/chance.ts',
    "import { randomUUID } from 'node:crypto';\nexport const id = randomUUID();",
    imports,
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
  ['functions/long/handler.ts', 'export {};\n'.repeat(61), 'eslint(max-lines)', '60'],
  [
    'test/module-mock.test.ts',
    "import { vi } from 'vitest';\nvi.doMock('./x.ts');",
    'vitest(no-restricted-vi-methods)',
    'contract',
  ],
  ['test/no-assertion.test.ts', "import { test } from 'vitest';\ntest('a', () => {});", 'vitest(expect-expect)', ''],
];

/** Everything that the layers allow, so that the rules refuse no more than they say. */
const allowed: readonly (readonly [path: string, source: string])[] = [
  allowedImports('lib/core', ['./arn.ts', 'node:buffer', 'node:zlib']),
  allowedImports('lib/delivery', ['./deliver.ts', '../core/arn.ts', '../ports.ts']),
  allowedImports('lib/control', ['./operation.ts', '../core/arn.ts', '../ports.ts']),
  allowedImports('lib/protocol', ['./models/events.json', '../core/arn.ts', '../ports.ts', 'node:buffer']),
  allowedImports('lib/adapters', [
    './system-clock.ts',
    '../core/arn.ts',
    '../ports.ts',
    'node:net',
    '@aws-sdk/client-sqs',
  ]),
  allowedImports('functions/deliver', [
    '../../lib/config.ts',
    '../../lib/ports.ts',
    '../../lib/core/arn.ts',
    '../../lib/delivery/deliver.ts',
    '../../lib/control/operation.ts',
    '../../lib/protocol/aws-json.ts',
    '../../lib/adapters/system-clock.ts',
    '@middy/core',
  ]),
  [
    'functions/deliver/dependencies.ts',
    "import * as wiring from '../wiring.ts';\nimport * as config from '../../lib/config.ts';\nexport const values = [wiring, config];",
  ],
  allowedImports('lib/local', [
    '../../functions/deliver/handler.ts',
    '../adapters/system-clock.ts',
    'dynalite',
    'node:http',
  ]),
  allowedImports('lib/commands', ['../local/gateway.ts', '../../functions/deliver/handler.ts', 'node:util']),
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
  const repository = join(import.meta.dirname, '..', '..');
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

  test.for(violations.map(describeViolation))('refuses $line in $folder', ({ path, rule, words }) => {
    const refusals = diagnostics.filter(({ filename, code }) => filename === path && code === rule);
    expect(refusals.map(({ message, help }) => `${message} ${help ?? ''}`)).toEqual(
      expect.arrayContaining([expect.stringContaining(words)]),
    );
  });

  test.for(allowed)('accepts %s, which imports all that its layer may', ([path]) => {
    expect(diagnostics.filter(({ filename }) => filename === path)).toEqual([]);
  });
});

function describeViolation([path, source, rule, words]: Violation) {
  return { path, rule, words, folder: dirname(path), line: source.split('\n')[0] };
}

function refusedImports(layerFolder: string, words: string, specifiers: readonly string[]): Violation[] {
  return specifiers.map((specifier, index) => refusedImport(`${layerFolder}/refused-${index}.ts`, specifier, words));
}

function refusedImport(path: string, specifier: string, words: string): Violation {
  return [path, `import * as imported from '${specifier}';\nexport const value = imported;`, imports, words];
}

function allowedImports(layerFolder: string, specifiers: readonly string[]): readonly [path: string, source: string] {
  const statements = specifiers.map((specifier, index) => `import * as imported${index} from '${specifier}';`);
  const names = specifiers.map((_, index) => `imported${index}`);
  return [`${layerFolder}/allowed.ts`, `${statements.join('\n')}\nexport const values = [${names.join(', ')}];`];
}

async function lint(repository: string, folder: string): Promise<readonly Diagnostic[]> {
  const oxlint = join(repository, 'node_modules', 'oxlint', 'bin', 'oxlint');
  // It exits with 1 when it finds something, which here is always.
  const { stdout } = await promisify(execFile)(process.execPath, [oxlint, '--type-aware', '--format', 'json'], {
    cwd: folder,
    env: { ...process.env, OXLINT_TSGOLINT_PATH: join(repository, 'node_modules', '.bin', 'tsgolint') },
    maxBuffer: 16 * 1024 * 1024,
  }).catch((error: unknown) => error as { readonly stdout: string });
  return (JSON.parse(stdout) as { readonly diagnostics: readonly Diagnostic[] }).diagnostics;
}
