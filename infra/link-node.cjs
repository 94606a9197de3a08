/*
 * After an install: links node_modules/.bin/node to the Node 24 that is among the optional dependencies.
 *
 * npm 10 drops the link of the package that fits along with that of the package for the other architecture, which
 * it leaves out; npm 11 keeps it. CommonJS, because it runs on whatever Node the host has.
 */
const { existsSync, symlinkSync } = require('node:fs');
const { join } = require('node:path');

const modules = join(__dirname, '..', 'node_modules');
const packageName = `node-${process.platform}-${process.arch}`;
const link = join(modules, '.bin', 'node');

if (existsSync(join(modules, packageName, 'bin', 'node')) && !existsSync(link)) {
  symlinkSync(join('..', packageName, 'bin', 'node'), link);
}
