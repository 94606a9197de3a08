/*
 * Loaded before a script (`node -r`). If Node is too old, the process ends with one clear line. This happens on hosts for
 * which there is no package of Node 24 (macOS, Windows). CommonJS, because an older Node cannot load TypeScript.
 */
const neededMajor = 24; // The version of Lambda's nodejs24.x, and the first that runs our TypeScript without a build.

if (Number.parseInt(process.versions.node, 10) < neededMajor) {
  process.stderr.write(`Lastmile needs Node ${neededMajor}, but this is ${process.version}. Get it at https://nodejs.org/download\n`);
  process.exit(2); // The exit status of every command that could not start.
}
