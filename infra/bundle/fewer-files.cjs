/*
 * Puts files of a bundle that are always loaded together into one file.
 *
 * Performance: esbuild makes a separate file of the modules that two parts of a bundle have in common. So `deliver` would load 13
 * files at its start and 10 more before its first request. Node needs nearly a millisecond to find, read and link a file.
 *
 * The file of a part has the exports of the files that it replaces, with names that begin with the name of the replaced file.
 * Other parts import from there.
 */
const { basename } = require('node:path');
const esbuild = require('esbuild');

/**
 * @param built esbuild's result, with `write: false`, a metafile and external source maps
 * @param {readonly Pick<RegExp, "test">[]} parts the entry points of the parts, in the order in which they are loaded. A file that two of
 *   them need is put into the first one
 * @param options of esbuild for the second run
 * @returns the same with fewer files
 */
async function fewerFiles(built, parts, options) {
  const { outputs } = built.metafile;
  const partOf = partsOf(outputs, parts);
  const remaining = Object.keys(outputs).filter((file) => file.endsWith('.js') && (partOf.get(file) ?? file) === file);
  const texts = new Map(built.outputFiles.map(({ path, text }) => [basename(path), text]));
  const exportsOf = new Map(Object.entries(outputs).map(([file, each]) => [basename(file), each.exports ?? []]));
  const names = new Map([...partOf].map(([file, part]) => [basename(file), basename(part)]));
  const again = await esbuild.build({
    ...options,
    entryPoints: remaining.map((file) => ({ in: basename(file), out: basename(file, '.js') })),
    plugins: [readFrom(texts, exportsOf, names)],
    metafile: true,
    write: false,
  });
  const records = remaining.map((file) => [file, recordOf(file, outputs, partOf, again.metafile.outputs[file].bytes)]);
  return { ...again, metafile: { ...built.metafile, outputs: Object.fromEntries(records) } };
}

/** @returns the file of the part that each merged file belongs to; a part's own file belongs to itself */
function partsOf(outputs, parts) {
  const partOf = new Map();
  for (const entryPoint of parts) {
    const part = Object.keys(outputs).find((file) => entryPoint.test(outputs[file].entryPoint ?? ''));
    const waiting = part === undefined ? [] : [part];
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (partOf.has(file)) continue;
      partOf.set(file, part);
      waiting.push(...importsOf(outputs[file], outputs));
    }
  }
  return partOf;
}

function importsOf({ imports }, outputs) {
  return imports.filter(({ kind, path }) => kind === 'import-statement' && path in outputs).map(({ path }) => path);
}

/** The entry of a file in the metafile, with the sources of the files that were merged into it. */
function recordOf(file, outputs, partOf, bytes) {
  const merged = [...partOf.keys()].filter((each) => partOf.get(each) === file);
  const records = merged.length === 0 ? [outputs[file]] : merged.map((each) => outputs[each]);
  const imports = records
    .flatMap((each) => each.imports)
    .map((each) => ({ ...each, path: partOf.get(each.path) ?? each.path }))
    .filter(({ path }) => path !== file);
  return { ...outputs[file], bytes, imports, inputs: Object.assign({}, ...records.map(({ inputs }) => inputs)) };
}

/**
 * An esbuild plugin that reads the files of the first run. `output`: such a file; `part`: all files of a part; `elsewhere`: a
 * file that was merged into another part.
 */
function readFrom(texts, exportsOf, partOf) {
  const pairs = (file) => exportsOf.get(file).map((name) => [name, `_${file.replace(/^chunk-|\.js$/g, '').replaceAll('-', '_')}_${name}`]);
  const contentsOf = {
    output(file) {
      const map = Buffer.from(texts.get(`${file}.map`)).toString('base64');
      const code = texts.get(file).replace(/\n\/\/# sourceMappingURL=.*\n?$/, '');
      return `${code}\n//# sourceMappingURL=data:application/json;base64,${map}\n`;
    },
    part(part) {
      const merged = [...partOf.keys()].filter((file) => partOf.get(file) === part && file !== part);
      const renamed = (file) => pairs(file).map(([name, other]) => `${name} as ${other}`);
      return [
        `export * from './${part}';`,
        ...(exportsOf.get(part).includes('default') ? [`export { default } from './${part}';`] : []),
        ...merged.map((file) => `export { ${renamed(file).join(', ')} } from './${file}';`),
      ].join('\n');
    },
    elsewhere(file) {
      const names = partOf.get(file) === file ? exportsOf.get(file) : pairs(file).map(([name, other]) => `${other} as ${name}`);
      return `export { ${names.join(', ')} } from './${partOf.get(file)}';`;
    },
  };
  return {
    name: 'fewer-files',
    setup(build) {
      build.onResolve({ filter: /^/ }, ({ path, importer, namespace, kind }) => {
        const file = basename(path);
        if (kind === 'entry-point') return { path: file, namespace: partOf.has(file) ? 'part' : 'output' };
        if (kind === 'dynamic-import' || namespace === 'elsewhere' || !partOf.has(file)) {
          return { path: `./${file}`, external: true };
        }
        const isSamePart = namespace === 'part' || partOf.get(basename(importer)) === partOf.get(file);
        return { path: file, namespace: isSamePart ? 'output' : 'elsewhere' };
      });
      for (const [namespace, contents] of Object.entries(contentsOf)) {
        build.onLoad({ filter: /^/, namespace }, ({ path }) => ({ contents: contents(path), loader: 'js' }));
      }
    },
  };
}

module.exports = { fewerFiles };
