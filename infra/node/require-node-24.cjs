/*
 * Loaded before a script (`node -r`). The process ends with one clear line if nothing is installed, or if Node is too old. The
 * latter happens on hosts for which npm has no package of Node 24. CommonJS, because an older Node cannot load TypeScript.
 */
const { existsSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { join } = require('node:path');
const { isNewEnough, tooOld } = require('./node-24.cjs');

// npm writes this file at the end of an install.
const installed = join(__dirname, '..', '..', 'node_modules', '.package-lock.json');

if (!existsSync(installed)) end('The packages of Lastmile are not installed. Run: npm ci');
if (!isNewEnough()) end(tooOld());

// Performance: halves the processor time of a command's start. Without a folder that it may write, Node goes on without a cache.
enableCompileCache(join(__dirname, '..', '..', 'node_modules', '.cache', 'lastmile'));

function end(text) {
  process.stderr.write(`${text}\n`);
  process.exit(2); // The exit status of every command that could not start.
}
