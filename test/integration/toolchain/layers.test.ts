import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** A file that breaks one rule. `words` is a part of the error. */
type Violation = readonly [what: string, path: string, source: string, rule: string, words: string];

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
  ...refusedImports('lib/console/api', ['../door/door.ts', '../../core/input/json.ts', 'node:fs']),
  ...refusedImports('lib/console/page/shell', [
    '../../door/door.ts',
    '../../../core/input/json.ts',
    'node:fs',
    '@aws-sdk/client-lambda',
  ]),
  ...refusedImports('lib/console/door', ['../page/data/call.ts', '../../local/stack/wire.ts', 'undici']),
  ...refusedImports('lib/commands', ['../../test/fakes/manual-clock.ts', '../../bench/run.ts', '../../soak/soak.ts']),
  ...refusedImports('soak', ['../test/fakes/manual-clock.ts', '../bench/run.ts']),
  [
    'an import of a handler in functions/wiring.ts',
    'functions/wiring.ts',
    "export { handler } from './deliver.ts';",
    imports,
    'Layer wiring',
  ],
  [
    'an import of an adapter in lib/config.ts',
    'lib/config.ts',
    "export { systemClock } from './adapters/system-clock.ts';",
    imports,
    'Layer config',
  ],
  [
    'a type import of a port in lib/core',
    'lib/core/type-import.ts',
    "import type { C } from '../ports/clock.ts';\nexport type D = C;",
    imports,
    'Layer core',
  ],
  [
    'an import() type of a port in lib/core',
    'lib/core/type-query.ts',
    "export type D = import('../ports/clock.ts').C;",
    imports,
    'Layer core',
  ],
  [
    'a re-export from lib/delivery in lib/core',
    'lib/core/re-export.ts',
    "export { deliver } from '../delivery/deliver.ts';",
    imports,
    'Layer core',
  ],
  [
    'a dynamic import of undici in lib/core',
    'lib/core/lazy-import.ts',
    "export const pool = () => import('undici');",
    imports,
    'Layer core',
  ],
  [
    'the first file of an import cycle in lib/core',
    'lib/core/circle-a.ts',
    "import type { B } from './circle-b.ts';\nexport type A = B;",
    'import(no-cycle)',
    '',
  ],
  [
    'the second file of an import cycle in lib/core',
    'lib/core/circle-b.ts',
    "import type { A } from './circle-a.ts';\nexport type B = A[];",
    'import(no-cycle)',
    '',
  ],
  [
    'randomUUID in lib/core',
    'lib/core/chance.ts',
    "import { randomUUID } from 'node:crypto';\nexport const id = randomUUID();",
    chance,
    'Chance',
  ],
  ...['core', 'delivery', 'control'].flatMap((layer): Violation[] => [
    [`Date.now() in lib/${layer}`, `lib/${layer}/now.ts`, 'export const now = Date.now();', properties, 'Clock'],
    [
      `new Date() without a time in lib/${layer}`,
      `lib/${layer}/new-date.ts`,
      'export const now = new Date();',
      'lastmile(no-current-time)',
      'Clock',
    ],
    [
      `Date() in lib/${layer}`,
      `lib/${layer}/date-text.ts`,
      'export const now = Date();',
      'lastmile(no-current-time)',
      'Clock',
    ],
    [
      `Math.random() in lib/${layer}`,
      `lib/${layer}/random.ts`,
      'export const chance = Math.random();',
      properties,
      'Random',
    ],
    [
      `process.env in lib/${layer}`,
      `lib/${layer}/environment.ts`,
      'export const name = process.env.TABLE_NAME;',
      properties,
      'lib/config.ts',
    ],
    [
      `env destructured from process in lib/${layer}`,
      `lib/${layer}/taken-environment.ts`,
      'const { env } = process;\nexport { env };',
      properties,
      'lib/config.ts',
    ],
    [`setTimeout in lib/${layer}`, `lib/${layer}/timer.ts`, 'setTimeout(() => {}, 1);\nexport {};', globals, 'Clock'],
    [
      `globalThis.setTimeout in lib/${layer}`,
      `lib/${layer}/global-timer.ts`,
      'globalThis.setTimeout(() => {}, 1);\nexport {};',
      properties,
      'port',
    ],
  ]),
  [
    'a floating promise in lib/core',
    'lib/core/floating.ts',
    'Promise.resolve();\nexport {};',
    'typescript(no-floating-promises)',
    '',
  ],
  [
    'a switch with a missing case in lib/core',
    'lib/core/switch.ts',
    "export function f(kind: 'a' | 'b') { switch (kind) { case 'a': return 1; } return 2; }",
    'typescript(switch-exhaustiveness-check)',
    '"b"',
  ],
  ['a barrel file in lib/core', 'lib/core/barrel.ts', "export * from './json.ts';", 'oxc(no-barrel-file)', ''],
  ['a default export in lib/core', 'lib/core/default-export.ts', 'export default 1;', 'import(no-default-export)', ''],
  [
    'the type any in lib/core',
    'lib/core/any.ts',
    'export const value = (x: any) => x;',
    'typescript(no-explicit-any)',
    '',
  ],
  [
    'a non-null assertion in lib/core',
    'lib/core/non-null.ts',
    'export const f = (x?: string) => x!.length;',
    'typescript(no-non-null-assertion)',
    '',
  ],
  [
    'a parameter property in lib/core',
    'lib/core/parameter-property.ts',
    'export class A { constructor(readonly x: number) {} }',
    'typescript(parameter-properties)',
    '',
  ],
  [
    'a to-do comment in lib/core',
    'lib/core/to-do.ts',
    `// ${'to'}${'do'}: later\nexport {};`,
    'eslint(no-warning-comments)',
    '',
  ],
  [
    'a file of more than 250 lines in lib/core',
    'lib/core/long.ts',
    'export {};\n'.repeat(251),
    'eslint(max-lines)',
    '250',
  ],
  [
    'a module mock in a test',
    'test/module-mock.test.ts',
    "import { vi } from 'vitest';\nvi.doMock('./x.ts');",
    'vitest(no-restricted-vi-methods)',
    'contract',
  ],
  [
    'a test without an assertion',
    'test/no-assertion.test.ts',
    "import { test } from 'vitest';\ntest('a', () => {});",
    'vitest(expect-expect)',
    '',
  ],
];

/** Files that break no rule. They prove that the rules do not refuse too much. */
const allowed: readonly (readonly [what: string, path: string, source: string])[] = [
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
  allowedImports('lib/console/page/shell', ['../data/call.ts', '../../api/operations.ts', 'react']),
  allowedImports('lib/console/door', ['../api/operations.ts', '../../core/input/json.ts', 'node:http']),
  allowedImports('lib/local/stack', [
    '../../console/door/door.ts',
    '../../../functions/deliver.ts',
    '../../adapters/system-clock.ts',
    'dynalite',
  ]),
  allowedImports('lib/commands', ['../local/stack/stack.ts', '../../functions/deliver.ts', 'node:util']),
  allowedImports('soak', ['./plan.ts', '../lib/local/stack/stack.ts', '../lib/commands/command.ts']),
  [
    'a Date of a given time in lib/core',
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
    for (const [, path, source] of [...violations, ...allowed]) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), source);
    }
    diagnostics = await lint(repository, folder);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.for(violations)('the linter refuses %s', ([, path, , rule, words]) => {
    const refusals = diagnostics.filter(({ filename, code }) => filename === path && code === rule);
    expect(refusals.map(({ message, help }) => `${message} ${help ?? ''}`)).toEqual(
      expect.arrayContaining([expect.stringContaining(words)]),
    );
  });

  test.for(allowed)('the linter accepts %s', ([, path]) => {
    expect(diagnostics.filter(({ filename }) => filename === path)).toEqual([]);
  });
});

function refusedImports(folder: string, specifiers: readonly string[]): Violation[] {
  return specifiers.map((specifier, index) => [
    `an import of ${specifier} in ${folder}`,
    `${folder}/refused-${index}.ts`,
    `import * as imported from '${specifier}';\nexport const value = imported;`,
    imports,
    `'${specifier}'`,
  ]);
}

function allowedImports(layerFolder: string, specifiers: readonly string[]): (typeof allowed)[number] {
  const statements = specifiers.map((specifier, index) => `import * as imported${index} from '${specifier}';`);
  const names = specifiers.map((_, index) => `imported${index}`);
  const source = `${statements.join('\n')}\nexport const values = [${names.join(', ')}];`;
  return [`every allowed kind of import in ${layerFolder}`, `${layerFolder}/allowed.ts`, source];
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
