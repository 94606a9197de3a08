/*
 * Starts osls again with this project's Node 24 if an older Node runs it (`node_modules/.bin/sls` instead of `npx sls`). The
 * functions and their bundles need Node 24. If the project has no Node 24, the process ends with one line. CommonJS, because
 * osls loads its plugins with `require`.
 */
const { spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const neededMajor = 24;
const node = join(__dirname, '..', '..', 'node_modules', '.bin', 'node');

if (Number.parseInt(process.versions.node, 10) < neededMajor) {
  // The second process has this variable. If its Node is too old as well, it does not start a third.
  if (existsSync(node) && process.env.LASTMILE_NODE === undefined) {
    const env = { ...process.env, LASTMILE_NODE: node };
    const { status } = spawnSync(node, process.argv.slice(1), { env, stdio: 'inherit' });
    process.exit(status ?? 1);
  }
  require('./require-node-24.cjs');
}
