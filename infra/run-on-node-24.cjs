/*
 * osls that was started with an older Node (`node_modules/.bin/sls` instead of `npx sls`) is started again with the Node 24 of
 * this project. The functions and their bundles need it. If there is none, the process ends with one line. CommonJS, because
 * osls loads its plugins with `require`.
 */
const { spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const neededMajor = 24;
const node = join(__dirname, '..', 'node_modules', '.bin', 'node');

if (Number.parseInt(process.versions.node, 10) < neededMajor) {
  // The variable ends a chain of processes whose Node stays too old.
  if (existsSync(node) && process.env.LASTMILE_NODE === undefined) {
    const env = { ...process.env, LASTMILE_NODE: node };
    const { status } = spawnSync(node, process.argv.slice(1), { env, stdio: 'inherit' });
    process.exit(status ?? 1);
  }
  require('./require-node-24.cjs');
}
