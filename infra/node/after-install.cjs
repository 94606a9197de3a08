/*
 * Runs after an install. The package of Node 24 brings a link node_modules/.bin/node, which npm puts before every other Node.
 *
 * A checkout wants that link, because Node 24 then runs its scripts. npm 10 leaves out the package for the other architecture.
 * By mistake it then also removes the link to the right package; npm 11 keeps it.
 *
 * A project that has installed Lastmile does not want it: the project's own Node must run its scripts and tests. The command
 * `lastmile` finds Node 24 without the link. CommonJS, because this file may run on an old Node.
 */
const { existsSync, readFileSync, readlinkSync, rmSync, symlinkSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { packages } = require('./node-24.cjs');

const root = join(__dirname, '..', '..');
const packageName = packages[`${process.platform}-${process.arch}`];

if (packageName !== undefined) {
  if (existsSync(join(root, 'lib'))) linkIn(join(root, 'node_modules'));
  else if (basename(dirname(root)) === 'node_modules') unlinkIn(dirname(root));
}

function linkIn(modules) {
  const link = join(modules, '.bin', 'node');
  if (existsSync(join(modules, packageName, 'bin', 'node')) && !existsSync(link)) {
    symlinkSync(join('..', packageName, 'bin', 'node'), link);
  }
}

function unlinkIn(modules) {
  const link = join(modules, '.bin', 'node');
  if (targetOf(link) === join('..', packageName, 'bin', 'node') && !isWanted(dirname(modules))) rmSync(link);
}

function targetOf(link) {
  try {
    return readlinkSync(link);
  } catch {
    return undefined; // There is no such link.
  }
}

/** Whether the project itself depends on the package of Node 24. */
function isWanted(project) {
  try {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
    return packageName in { ...dependencies, ...devDependencies };
  } catch {
    return false; // The folder is no project.
  }
}
