#!/usr/bin/env node
/*
 * The command `lastmile`. Any Node from 20.19 on may start it. It runs lib/commands/lastmile.ts with Node 24: in this process
 * if this is Node 24, else in a second one. An installed package has the built file, and a checkout has the sources.
 */
const { spawn } = require('node:child_process');
const { existsSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { constants } = require('node:os');
const { basename, dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { findNode24, isNewEnough, tooOld } = require('./node-24.cjs');

const root = join(__dirname, '..', '..');
const source = join(root, 'lib', 'commands', 'lastmile.ts');
const script = existsSync(source) ? source : join(root, 'dist', 'entries', 'lastmile.js');

const parentCheckMs = 200;

// The texts of the commands name the command as it was called.
process.env.LASTMILE_CALLED_AS ??= process.env.npm_lifecycle_event === 'npx' ? 'npx lastmile' : 'lastmile';

if (isNewEnough()) runHere();
else runOnNode24();

function runHere() {
  keepCompiledCode();
  process.argv[1] = script;
  void import(pathToFileURL(script).href);
}

/** Performance: halves the processor time of a command's start. Without a folder that it may write, Node has no cache. */
function keepCompiledCode() {
  const modules = existsSync(source) ? join(root, 'node_modules') : dirname(root);
  if (basename(modules) === 'node_modules') enableCompileCache(join(modules, '.cache', 'lastmile'));
}

function runOnNode24() {
  const node = findNode24();
  if (node === undefined) {
    process.stderr.write(`${tooOld()}\n`);
    process.exit(2); // The exit status of every command that could not start.
  }
  const env = { ...process.env, LASTMILE_NODE: node };
  const child = spawn(node, [__filename, ...process.argv.slice(2)], { stdio: 'inherit', env });
  passOnSignals(child);
  if (process.env.npm_lifecycle_event !== undefined) stopWithParent(child);
  child.on('exit', (status, signal) => process.exit(status ?? 128 + constants.signals[signal]));
}

/** A terminal sends Ctrl-C to both processes. The child must not get it twice, because a second one ends it at once. */
function passOnSignals(child) {
  const hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => {
    if (!hasTerminal) child.kill('SIGINT');
  });
}

/** npm passes a signal only to the shell that runs this command. So the command stops when the shell has ended. */
function stopWithParent(child) {
  const parent = process.ppid;
  const check = () => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  };
  setInterval(check, parentCheckMs).unref();
}
