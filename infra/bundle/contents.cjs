/* Lists the contents of a bundle, and compares them with its budget. This needs no esbuild, so an installed package can use it. */

/**
 * Reads the contents of a bundle from esbuild's metafile.
 *
 * @returns {{ startBytes: number, onDemandBytes: number, packages: { name: string, startBytes: number, onDemandBytes: number
 *   }[] }} the minified bytes of JavaScript that a cold start loads, and the bytes that are loaded on demand; the largest
 *   package comes first
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
 * Compares the bytes of a bundle with the function's budgets.
 *
 * @param {Readonly<Record<string, { start: number, whole: number }>>} budgets in bytes, by the name of the function: what a cold
 *   start may load, and what the bundle may contain
 * @returns an error text that names the largest packages; undefined when the function is within its budgets
 */
function overBudget(name, contents, budgets) {
  const budget = budgets[name];
  if (budget === undefined) return `Function ${name} has no budget; give it one in infra/bundle/bundle-budget.json.`;
  const whole = ({ startBytes, onDemandBytes }) => startBytes + onDemandBytes;
  if (contents.startBytes > budget.start) {
    return excess(`Function ${name} loads`, 'at a cold start', contents, budget.start, ({ startBytes }) => startBytes);
  }
  if (whole(contents) > budget.whole) {
    return excess(`The bundle of function ${name} has`, 'in all', contents, budget.whole, whole);
  }
  return undefined;
}

function excess(subject, when, contents, budget, bytesOf) {
  const largest = contents.packages.toSorted((one, other) => bytesOf(other) - bytesOf(one)).slice(0, 8);
  const lines = largest.map((each) => `\n  ${each.name}: ${kilobytes(bytesOf(each))}`);
  const has = kilobytes(bytesOf(contents));
  return `${subject} ${has} ${when}, and its budget is ${kilobytes(budget)}. The largest parts:${lines.join('')}`;
}

/** Kilobytes of 1,000 bytes with one decimal, so that even a small excess over the budget is visible. */
function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} KB`;
}

module.exports = { bundleContents, kilobytes, overBudget };
