/*
 * Makes the zip of each function, without osls. The contents and their order are those of osls, and every file has the same date,
 * so the same sources give the same bytes.
 */
const { createHash } = require('node:crypto');
const { readFileSync, existsSync } = require('node:fs');
const { join, relative } = require('node:path');
const { zipSync } = require('fflate');
const { bundleContents, overBudget } = require('./contents.cjs');

const root = join(__dirname, '..', '..');

/** The functions of an installed package. A checkout has their sources instead. */
const built = join(root, 'dist', 'functions');

/**
 * @param {readonly string[]} names names of functions in serverless.yml
 * @param {{ sourceMaps?: boolean }} options an installed package has its zips already
 * @returns {Promise<{ name: string, zip: Uint8Array, contents: object, sources?: string[] }[]>} `sources`: the files that were
 *   bundled, relative to the root; an installed package does not have them
 * @throws Error for a bundle that is over its budget or cannot be made
 */
async function functionZips(names, { sourceMaps = true } = {}) {
  const isCheckout = existsSync(join(root, 'functions'));
  return isCheckout ? await Promise.all(names.map((name) => buildZip(name, sourceMaps))) : names.map((name) => readZip(name));
}

function readZip(name) {
  const zip = readFileSync(join(built, `${name}.zip`));
  return { name, zip, contents: JSON.parse(readFileSync(join(built, `${name}.contents.json`), 'utf8')) };
}

async function buildZip(name, sourceMaps) {
  // Only a checkout has esbuild.
  const { bundle } = require('./bundle.cjs');
  const folder = `.build/${name}`;
  const { metafile, outputFiles } = await bundle({ root, handlerFile: `functions/${name}.ts`, folder, write: false });
  const contents = bundleContents(metafile);
  const fault = overBudget(name, contents, require('./bundle-budget.json'));
  if (fault) throw new Error(fault);
  const wanted = outputFiles.filter(({ path }) => sourceMaps || !path.endsWith('.map'));
  const files = wanted.map(({ path, contents: bytes }) => [relative(root, path), bytes]);
  files.push([`${folder}/package.json`, new TextEncoder().encode('{"type":"module"}\n')]);
  const sources = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  return { name, zip: zipOf(files), contents, sources };
}

/** 1980-01-01 is the earliest date of the format. `fflate` reads local time, so that the zone of the machine does not matter. */
function zipOf(files) {
  const sorted = files.sort(([one], [other]) => (one < other ? -1 : 1));
  return zipSync(Object.fromEntries(sorted), { level: 9, mtime: new Date(1980, 0, 1) });
}

/** The key of a zip in a bucket. It contains a hash of the zip, so a new version never replaces one that a stack uses. */
function objectKey({ name, zip }) {
  return `lastmile/${name}-${createHash('sha256').update(zip).digest('hex').slice(0, 16)}.zip`;
}

module.exports = { functionZips, objectKey };
