/* Runs every check, even after one has failed, so that one run shows all problems. Fails when any check failed. */
import { spawnSync } from 'node:child_process';

const checks = ['format', 'lint', 'types', 'unused', 'bundle'];
const failed = checks.filter((name) => {
  const { status } = spawnSync(`npm run --silent check:${name}`, { stdio: 'inherit', shell: true });
  console.log(`${name}: ${status === 0 ? 'ok' : 'FAILED'}`);
  return status !== 0;
});
process.exitCode = failed.length === 0 ? 0 : 1;
