/*
 * Bundles a function. Three callers use this file: osls (through infra/plugins/esbuild-plugin.cjs), the check of the size budget,
 * and the benchmark. CommonJS, because osls loads its plugins with `require`.
 *
 * Performance: because of `splitting`, a cold start does not load the modules that are imported on demand. Preferring `module`
 * to `main` makes the AWS SDK a third smaller.
 *
 * The same sources give the same bytes in every folder: paths are printed relative to the root, and symbolic links to
 * packages are not followed.
 */
const { mkdir, writeFile } = require('node:fs/promises');
const { resolve } = require('node:path');
const esbuild = require('esbuild');
const { fewerFiles } = require('./fewer-files.cjs');
const { nodeModulesOnDemand } = require('./node-modules-on-demand.cjs');
const { unusedParts } = require('./unused-parts.cjs');

/** Parts that are loaded on demand: the calls of the stores and the HTTP client, which a first delivery needs, and the AWS clients. */
const onDemand = [
  /^functions\/store-adapters\.ts$/,
  /\/undici\/lib\/dispatcher\/pool\.js$/,
  /^functions\/client-adapters\.ts$/,
];

/**
 * @param {{ root: string, handlerFile: string, folder: string, write?: boolean, keepNames?: boolean }} options all other paths are relative to
 *   `root`; if `write` is false, the bundle stays in memory; `keepNames` keeps the names of classes and functions
 * @returns esbuild's result, with its metafile
 * @throws Error whose `errors` are esbuild's messages
 */
async function bundle({ root, handlerFile, folder, write = true, keepNames = false }) {
  const options = {
    absWorkingDir: root,
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    keepNames,
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'silent',
  };
  const built = await esbuild.build({
    ...options,
    entryPoints: { handler: handlerFile },
    splitting: true,
    mainFields: ['module', 'main'],
    preserveSymlinks: true,
    plugins: [nodeModulesOnDemand, unusedParts],
    metafile: true,
    write: false,
  });
  const start = { test: (entryPoint) => entryPoint === handlerFile };
  const result = await fewerFiles(built, [start, ...onDemand], options);
  if (write) {
    await mkdir(resolve(root, folder), { recursive: true });
    for (const { path, contents } of result.outputFiles) await writeFile(path, contents);
  }
  return result;
}

module.exports = { bundle };
