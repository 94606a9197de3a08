/*
 * How a function becomes a bundle, for whoever makes one: osls (infra/esbuild-plugin.cjs), the check of the budget and the
 * benchmark. CommonJS, because osls requires its plugins.
 *
 * Performance: `splitting` leaves what is imported on demand unloaded at a cold start; `module` before `main` takes a third
 * off the AWS SDK.
 *
 * The same sources give the same bytes wherever they lie: paths are printed relative to the root, and packages are named by
 * where they are linked, not by where a link leads.
 */
const esbuild = require('esbuild');
const { nodeModulesOnDemand } = require('./node-modules-on-demand.cjs');

/**
 * @param {{ root: string, handlerFile: string, folder: string, write?: boolean }} what paths but `root` are relative to it;
 *   `write` false makes the bundle in memory
 * @returns esbuild's result, with its metafile
 * @throws Error whose `errors` are esbuild's messages
 */
function bundle({ root, handlerFile, folder, write = true }) {
  return esbuild.build({
    absWorkingDir: root,
    entryPoints: { handler: handlerFile },
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    splitting: true,
    mainFields: ['module', 'main'],
    preserveSymlinks: true,
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    plugins: [nodeModulesOnDemand],
    metafile: true,
    write,
    logLevel: 'silent',
  });
}

/**
 * What a bundle consists of, from esbuild's metafile.
 *
 * @returns {{ startBytes: number, onDemandBytes: number, packages: { name: string, startBytes: number, onDemandBytes: number }[] }}
 *   minified bytes of JavaScript: loaded at a cold start, and loaded when first needed; of each package, the largest first
 */
function bundleContents({ outputs }) {
  const scripts = Object.entries(outputs).filter(([file]) => file.endsWith('.js'));
  const start = loadedAtStart(outputs);
  const packages = new Map();
  const sum = { startBytes: 0, onDemandBytes: 0 };
  for (const [file, { bytes, inputs }] of scripts) {
    const kind = start.has(file) ? 'startBytes' : 'onDemandBytes';
    sum[kind] += bytes;
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const name = packageOf(input);
      const entry = packages.get(name) ?? { name, startBytes: 0, onDemandBytes: 0 };
      entry[kind] += bytesInOutput;
      packages.set(name, entry);
    }
  }
  const bySize = (one, other) => other.startBytes - one.startBytes || other.onDemandBytes - one.onDemandBytes;
  return { ...sum, packages: [...packages.values()].sort(bySize) };
}

/** The entry and every chunk that it imports statically. */
function loadedAtStart(outputs) {
  const waiting = Object.keys(outputs).filter((file) => file.endsWith('/handler.js'));
  const loaded = new Set();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (loaded.has(file)) continue;
    loaded.add(file);
    for (const { kind, path } of outputs[file].imports) {
      if (kind === 'import-statement' && outputs[path] !== undefined) waiting.push(path);
    }
  }
  return loaded;
}

function packageOf(input) {
  if (input.startsWith('node:')) return 'node';
  const inPackage = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input);
  return inPackage === null ? 'lastmile' : inPackage[1];
}

/**
 * Compares with the budget of the function: bytes that a cold start loads.
 *
 * @param {Readonly<Record<string, number>>} budgets by function
 * @returns what is wrong, with the largest packages named; undefined when it is within
 */
function overBudget(name, contents, budgets) {
  const budget = budgets[name];
  if (budget === undefined) return `Function ${name} has no budget; give it one in infra/bundle-budget.json.`;
  if (contents.startBytes <= budget) return undefined;
  const largest = contents.packages.slice(0, 8).map((each) => `  ${each.name}: ${kilobytes(each.startBytes)}`);
  const [has, may] = [kilobytes(contents.startBytes), kilobytes(budget)];
  return `Function ${name} loads ${has} at a cold start, and its budget is ${may}. The largest parts:\n${largest.join('\n')}`;
}

/** Of 1,000 bytes, with one digit: what differs from a budget is to be seen. */
function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} KB`;
}

module.exports = { bundle, bundleContents, kilobytes, overBudget };
