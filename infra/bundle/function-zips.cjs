/*
 * Makes the zip of each function, without osls. The contents and their order are those of osls, and every file has the same date,
 * so the same sources give the same bytes.
 */
const { readFileSync, existsSync } = require('node:fs');
const { join, relative } = require('node:path');
const { zipSync } = require('fflate');
const { bundleContents, overBudget } = require('./contents.cjs');

const root = join(__dirname, '..', '..');

/** The functions of an installed package. A checkout has their sources instead. */
const built = join(root, 'dist', 'functions');

/**
 * @param {readonly string[]} names names of functions in serverless.yml
 * @returns {Promise<{ name: string, zip: Uint8Array, contents: object }[]>}
 * @throws Error for a bundle that is over its budget or cannot be made
 */
async function functionZips(names) {
  const isCheckout = existsSync(join(root, 'functions'));
  return isCheckout ? await Promise.all(names.map((name) => buildZip(name))) : names.map((name) => readZip(name));
}

function readZip(name) {
  const zip = readFileSync(join(built, `${name}.zip`));
  return { name, zip, contents: JSON.parse(readFileSync(join(built, `${name}.contents.json`), 'utf8')) };
}

async function buildZip(name) {
  // Only a checkout has esbuild.
  const { bundle } = require('./bundle.cjs');
  const folder = `.build/${name}`;
  const { metafile, outputFiles } = await bundle({ root, handlerFile: `functions/${name}.ts`, folder, write: false });
  const contents = bundleContents(metafile);
  const fault = overBudget(name, contents, require('./bundle-budget.json'));
  if (fault) throw new Error(fault);
  const files = outputFiles.map(({ path, contents: bytes }) => [relative(root, path), bytes]);
  files.push([`${folder}/package.json`, new TextEncoder().encode('{"type":"module"}\n')]);
  return { name, zip: zipOf(files), contents };
}

/** 1980-01-01 is the earliest date of the format. `fflate` reads local time, so that the zone of the machine does not matter. */
function zipOf(files) {
  const sorted = files.sort(([one], [other]) => (one < other ? -1 : 1));
  return zipSync(Object.fromEntries(sorted), { level: 9, mtime: new Date(1980, 0, 1) });
}

module.exports = { functionZips };
