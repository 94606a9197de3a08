/* Prints a summary of vitest's results. Fails when a test failed or when no test ran. */
import { existsSync, readFileSync } from 'node:fs';

const [resultsFile] = process.argv.slice(2);
if (!existsSync(resultsFile)) {
  console.log('There are no test results: the run ended too early.');
  process.exit(1);
}
const results = JSON.parse(readFileSync(resultsFile, 'utf8'));
const files = results.testResults;
/* A test file that could not be loaded has failed although none of its tests has. */
const unloadable = files.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
);
for (const { name, message } of unloadable) console.log(`failed to load: ${name}\n${message}`);
for (const { assertionResults } of files) {
  for (const test of assertionResults) if (test.status === 'failed') console.log(`failed: ${test.fullName}`);
}
const skipped = results.numPendingTests + results.numTodoTests;
const failed = results.numFailedTests + unloadable.length;
const seconds = (Math.max(...files.map(({ endTime }) => endTime)) - results.startTime) / 1000;
console.log(`${files.length} test files, ${results.numTotalTests} tests, ${skipped} skipped, ${seconds.toFixed(1)} s`);
console.log(`${results.numPassedTests} passed, ${failed} failed`);
process.exit(results.success && failed === 0 && results.numPassedTests > 0 ? 0 : 1);
