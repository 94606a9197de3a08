import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..', '..', '..');

/** The newest format versions that a version of the project can write and read. */
export interface FormatVersions {
  readonly messageVersion: number;
  readonly itemVersion: number;
}

/** A bundle of the stack and its functions. */
export interface StackBuild {
  /** The file to run in place of lib/commands/lastmile.ts. */
  readonly script: string;
  remove(): void;
}

/** Bundles the stack with these format versions. */
export async function buildStack(versions: FormatVersions): Promise<StackBuild> {
  const folder = mkdtempSync(join(tmpdir(), 'lastmile-build-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const contents = Object.entries(versions).map(([name, version]) => `export const ${name} = ${version};\n`);
  let replaced = 0;
  await build({
    absWorkingDir: root,
    entryPoints: ['lib/commands/lastmile.ts'],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
    plugins: [
      {
        name: 'format-versions',
        setup(esbuild) {
          esbuild.onLoad({ filter: /[\\/]lib[\\/]core[\\/]message[\\/]format-versions\.ts$/ }, () => {
            replaced += 1;
            return { contents: contents.join(''), loader: 'ts' };
          });
        },
      },
    ],
  });
  if (replaced !== 1) throw new Error('The format versions were not replaced.');
  return { script: join(folder, 'lastmile.mjs'), remove: () => rmSync(folder, { recursive: true }) };
}
