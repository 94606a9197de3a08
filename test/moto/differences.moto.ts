import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { differences } from './differences.ts';

const contract = join(import.meta.dirname, '..', 'contract');
const sources = globSync('**/*.ts', { cwd: contract }).map((file) => readFileSync(join(contract, file), 'utf8'));

test.each(differences.flatMap(({ tests }) => tests))(
  'a contract suite has the test that is left out for moto and named "%s"',
  (name) => {
    expect(sources.filter((source) => source.includes(`${name}'`))).toHaveLength(1);
  },
);
