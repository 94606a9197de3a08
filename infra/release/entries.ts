/*
 * The entries of the package: the files that users of an installed package run or import.
 *
 * Each is built into dist/entries. An entry with `types` is for users' programs: it also gets declarations, and `exports` in
 * package.json names it. CONTRIBUTING.md says how an entry is added.
 */
interface Entry {
  /** The part of an import after `lastmile/`. */
  readonly name: string;
  readonly source: string;
  readonly types?: boolean;
}

export const entries: readonly Entry[] = [
  { name: 'lastmile', source: 'lib/commands/lastmile.ts' },
  { name: 'testing', source: 'lib/testing/index.ts', types: true },
  { name: 'testing/vitest', source: 'lib/testing/vitest.ts', types: true },
  { name: 'events', source: 'lib/events/index.ts', types: true },
  { name: 'cdk', source: 'lib/cdk/index.ts', types: true },
];

/** The name of the entry's file in dist/entries. That folder has no subfolders, so that every built file is two folders below the root. */
export function fileOf({ name }: Entry): string {
  return name.replaceAll('/', '-');
}

/** What package.json must have as `exports`. */
export function exportsOfPackage(): Readonly<Record<string, unknown>> {
  const typed = entries.filter(({ types }) => types === true);
  const ways = typed.map((entry) => {
    const declarations = `./dist/types/${entry.source.replace(/\.ts$/, '.d.ts')}`;
    return [`./${entry.name}`, { types: declarations, default: `./dist/entries/${fileOf(entry)}.js` }] as const;
  });
  return { ...Object.fromEntries(ways), './package.json': './package.json' };
}
