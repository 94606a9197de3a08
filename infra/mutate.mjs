/*
 * `npm run mutate -- <folder or glob>`: changes the code a little, one change (mutant) at a time, and shows the mutants that
 * no test notices.
 */
import { globSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Stryker } from '@stryker-mutator/core';

const root = join(import.meta.dirname, '..');
const layers = ['core', 'delivery'];

const hasSources = (folder) => readdirSync(join(root, 'lib', folder)).some((name) => name.endsWith('.ts'));
const foldersOf = (layer) =>
  [layer, ...readdirSync(join(root, 'lib', layer)).map((name) => `${layer}/${name}`)].filter(
    (path) => statSync(join(root, 'lib', path)).isDirectory() && hasSources(path),
  );
const folders = layers.flatMap(foldersOf);

const usage = `Changes the code a little, one mutant at a time, and shows every mutant that no test notices.

  npm run mutate -- <folder or glob>...

A folder means the files directly in it. A glob is relative to lib, such as 'core/rate/*.ts'. A folder takes minutes.
For a surviving mutant, add a test, delete the code if it is dead, or give a reason in a comment:
  // Stryker disable next-line ConditionalExpression: both branches give the same value

Folders: ${folders.join(', ')}
Report: .build/mutation/mutation.html
Exit status: 0 no mutant survived, 1 a mutant survived or a comment gives no reason, 2 wrong usage or nothing to run.`;

/** The glob for an argument: the files directly in a folder of lib, or a glob inside lib. */
function patternOf(argument) {
  const path = argument.replace(/^lib\//, '').replace(/\/$/, '');
  if (folders.includes(path)) return `lib/${path}/*.ts`;
  const inLayer = layers.some((layer) => path.startsWith(`${layer}/`));
  return inLayer && globSync(`lib/${path}`, { cwd: root }).some((name) => name.endsWith('.ts'))
    ? `lib/${path}`
    : undefined;
}

// Stryker's text when a comment disables a mutant without a reason.
const noReason = 'Ignored using a comment';
const placeOf = ({ fileName, location, mutatorName }) => `${fileName}:${location.start.line} ${mutatorName}`;

async function run(patterns) {
  const results = await new Stryker({ mutate: patterns }).runMutationTest();
  if (results.length === 0) {
    process.stderr.write(`No code to change in ${patterns.join(', ')}.\n`);
    process.exitCode = 2;
    return;
  }
  const unexplained = results.filter(({ status, statusReason }) => status === 'Ignored' && statusReason === noReason);
  const unjudged = results.filter(({ status }) => status === 'RuntimeError');
  for (const mutant of unexplained) process.stderr.write(`${placeOf(mutant)}: disabled without a reason.\n`);
  for (const mutant of unjudged)
    process.stderr.write(
      `${placeOf(mutant)}: not checked, because the test runner stopped. Perhaps a test's name is too long for a regular expression.\n`,
    );
  if (unexplained.length + unjudged.length > 0) process.exitCode = 1;
}

const argumentsGiven = process.argv.slice(2);
const wrong = argumentsGiven.filter((argument) => argument !== '--help' && patternOf(argument) === undefined);
if (argumentsGiven.includes('--help')) {
  console.log(usage);
} else if (argumentsGiven.length === 0 || wrong.length > 0) {
  const reason =
    wrong.length === 0
      ? ''
      : `Neither a folder nor a glob that matches a TypeScript file of lib/core or lib/delivery: ${wrong.join(', ')}\n\n`;
  process.stderr.write(`${reason}${usage}\n`);
  process.exitCode = 2;
} else {
  try {
    await run(argumentsGiven.map(patternOf));
  } catch {
    process.exitCode = 2; // Stryker has said why.
  }
}
