/*
 * Runs after an install. It links node_modules/.bin/node to the Node 24 that is one of the optional dependencies.
 *
 * npm 10 leaves out the package for the other architecture. By mistake it then also removes the link to the right package. npm
 * 11 keeps the link. CommonJS, because this file may run on an old Node.
 */
const { existsSync, symlinkSync } = require('node:fs');
const { join } = require('node:path');

const modules = join(__dirname, '..', '..', 'node_modules');
const packageName = `node-${process.platform}-${process.arch}`;
const link = join(modules, '.bin', 'node');

if (existsSync(join(modules, packageName, 'bin', 'node')) && !existsSync(link)) {
  symlinkSync(join('..', packageName, 'bin', 'node'), link);
}
