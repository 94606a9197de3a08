/*
 * `npm pack` runs this first (script `prepack`). It builds dist/: the package holds JavaScript, because Node does not strip the
 * types of files below node_modules.
 *
 *   node infra/release/build.mjs [output folder, default dist]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { buildPage } from '../../lib/console/files/build-page.ts';
import { functionZips } from '../bundle/function-zips.cjs';
import { functionNames } from '../template/service.cjs';
import { entries, fileOf } from './entries.ts';
import { thirdPartyNotices } from './notices.ts';

const root = join(import.meta.dirname, '..', '..');

/** @returns the metafile of esbuild */
async function buildCode(out) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(entries.map((entry) => [`entries/${fileOf(entry)}`, entry.source])),
    outdir: out,
    chunkNames: 'parts/[name]-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    // The oldest Node of package.json's `engines`. Code that needs Node 24 runs in a process of its own.
    target: 'node20.19',
    format: 'esm',
    // npm installs the dependencies. Then users get their fixes, and their licences come with them.
    packages: 'external',
    // Errors show the names of classes and functions.
    keepNames: true,
    legalComments: 'inline',
    metafile: true,
    logLevel: 'warning',
  });
  return metafile;
}

/** TypeScript takes files or a project, and the project's settings are needed. So this writes a project of the entries. */
function buildTypes(out) {
  const typed = entries.filter(({ types }) => types === true);
  const project = join(root, '.build', 'tsconfig.package.json');
  const settings = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: root,
    outDir: join(out, 'types'),
  };
  const files = typed.map(({ source }) => join(root, source));
  mkdirSync(join(root, '.build'), { recursive: true });
  writeFileSync(
    project,
    JSON.stringify({ extends: '../tsconfig.json', compilerOptions: settings, include: [], files }),
  );
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '--project', project], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('The declarations could not be built.');
}

/** The functions as they are deployed: the package deploys them without esbuild and without the sources. */
async function buildFunctions(out, sourcesOfConsole) {
  // Source maps would be half of each zip, and the package has a limit of 5 MB.
  const zips = await functionZips(functionNames(), { sourceMaps: false });
  const folder = join(out, 'functions');
  mkdirSync(folder, { recursive: true });
  for (const { name, zip, contents } of zips) {
    writeFileSync(join(folder, `${name}.zip`), zip);
    writeFileSync(join(folder, `${name}.contents.json`), `${JSON.stringify(contents, undefined, 2)}\n`);
  }
  const sources = [...zips.flatMap((each) => each.sources), ...sourcesOfConsole];
  writeFileSync(join(out, 'THIRD-PARTY-NOTICES.txt'), thirdPartyNotices(sources, root));
}

const out = resolve(root, process.argv[2] ?? 'dist');
rmSync(out, { recursive: true, force: true });
await buildCode(out);
const { inputs } = await buildPage(root, join(out, 'console'));
await buildFunctions(out, Object.keys(inputs));
buildTypes(out);
