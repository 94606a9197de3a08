import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { BuildOptions, Metafile, Plugin } from 'esbuild';
import { consolePaths } from '../api/settings.ts';

const pageFolder = 'lib/console/page';
const entry = `${pageFolder}/main.tsx`;

/**
 * Builds the page into a cache, unless it is there already. The name of the cache's folder is a digest of everything that the page
 * is made of, so a change of the source makes a new folder.
 *
 * @returns the folder
 */
export async function buildPageOnce(root: string): Promise<string> {
  const cache = join(root, 'node_modules', '.cache', 'lastmile-console');
  const folder = join(cache, await digestOfSource(root));
  if (existsSync(folder)) return folder;
  // Two processes may build at the same time. Each builds in a folder of its own, and one of them gives its folder the name.
  const building = join(cache, `building-${randomUUID()}`);
  await buildPage(root, building);
  await rename(building, folder).catch(async (error: unknown) => {
    await rm(building, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  });
  await removeOldPages(cache);
  return folder;
}

/** More pages than anybody works on at the same time. */
const keptPages = 10;

async function removeOldPages(cache: string): Promise<void> {
  const names = await readdir(cache);
  const pages = await Promise.all(
    names.map(async (name) => ({ name, changedMs: (await stat(join(cache, name))).mtimeMs })),
  );
  const old = pages.sort((one, other) => other.changedMs - one.changedMs).slice(keptPages);
  await Promise.all(old.map(({ name }) => rm(join(cache, name), { recursive: true, force: true })));
}

async function digestOfSource(root: string): Promise<string> {
  const hash = createHash('sha256');
  const names = ['package-lock.json', 'lib/console/files/build-page.ts'];
  const source = ['lib/console/{page,api}/**/*.{ts,tsx,css,json}', 'test/events/*.json'];
  for await (const name of glob(source, { cwd: root })) names.push(name);
  for (const name of names.sort())
    hash
      .update(`${name}\0`)
      .update(await readFile(join(root, name)))
      .update('\0');
  return hash.digest('hex').slice(0, 32);
}

/** @returns what esbuild says of the files that it made */
export async function buildPage(root: string, folder: string): Promise<Metafile> {
  const { build } = await import('esbuild');
  const styles: string[] = [];
  const shared = {
    absWorkingDir: root,
    bundle: true,
    minify: true,
    target: ['chrome111', 'firefox113', 'safari16.4'],
    logLevel: 'warning',
    metafile: true,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    outdir: folder,
  } as const satisfies BuildOptions;
  const script = await build({
    ...shared,
    entryPoints: [entry],
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [collectStyles(styles), leaveOutLanguages],
  });
  // esbuild makes a style sheet for each page that is loaded later, and nothing would load it. So there is one for all.
  const imports = [...new Set(styles)].sort().map((path) => `@import ${JSON.stringify(path)};`);
  const style = await build({
    ...shared,
    stdin: { contents: imports.join('\n'), resolveDir: root, sourcefile: 'style.css', loader: 'css' },
    assetNames: '[name]-[hash]',
    entryNames: 'style-[hash]',
  });
  const outputs = { ...script.metafile.outputs, ...style.metafile.outputs };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'index.html'), indexHtml(outputs));
  return { inputs: { ...script.metafile.inputs, ...style.metafile.inputs }, outputs };
}

/** Leaves the style sheets out of the scripts, and remembers their paths. */
function collectStyles(styles: string[]): Plugin {
  return {
    name: 'collect styles',
    setup({ onLoad }) {
      onLoad({ filter: /\.css$/ }, ({ path }) => {
        styles.push(path);
        return { contents: '', loader: 'js' };
      });
    },
  };
}

/** Leaves out Cloudscape's texts in other languages, because the console has one. */
const leaveOutLanguages: Plugin = {
  name: 'leave out languages',
  setup({ onLoad }) {
    const contents = 'export const importMessages = () => Promise.resolve([]);';
    onLoad({ filter: /components\/i18n\/dynamic\.js$/ }, () => ({ contents, loader: 'js' }));
  },
};

function indexHtml(outputs: Metafile['outputs']): string {
  const main = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === entry);
  const style = Object.keys(outputs).find((path) => path.endsWith('.css'));
  if (main === undefined || style === undefined) throw new Error('The build of the console made no main file.');
  const [script, { imports }] = main;
  const first = imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lastmile</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${fileUrl(style)}">
${first.map((path) => `<link rel="modulepreload" href="${fileUrl(path)}">`).join('\n')}
<script type="module" src="${fileUrl(script)}"></script>
</head>
<body><div id="console"></div></body>
</html>
`;
}

function fileUrl(path: string): string {
  return `${consolePaths.files}${basename(path)}`;
}
