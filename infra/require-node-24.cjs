/*
 * Loaded before a script (`node -r`): one clear line on a host whose own Node is too old, where no package of
 * Node 24 could be installed (macOS, Windows). CommonJS, because an older Node cannot load what follows.
 */
const neededMajor = 24; // Lambda's nodejs24.x, and the first that runs our TypeScript as it is.

if (Number.parseInt(process.versions.node, 10) < neededMajor) {
  process.stderr.write(`Lastmile needs Node ${neededMajor} and this is ${process.version}: https://nodejs.org/download\n`);
  process.exit(2); // As every command that could not start.
}
