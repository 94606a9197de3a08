import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inBareShell } from '../../fixtures/bare-shell.ts';
import { ownFolder } from '../../fixtures/stack.ts';

/** Nothing listens here, whatever runs on the machine. */
const nowhere = 'http://127.0.0.1:9';

const alone = () => ({ home: ownFolder(), variables: { AWS_ENDPOINT_URL: nowhere } });

const sample = 'test/events/envelope-input-transformer.json';

test.each([
  ['control-api', sample, '"ApiDestinations": ['],
  ['redrive', sample, '"matched": 0'],
  ['authorize-connection', sample, '"outcome": "unchanged"'],
  ['resources', 'test/events/cloudformation/create-connection.json', '"status": "SUCCESS"'],
])('sls invoke local -f %s -p %s works in a bare shell without a running stack', async (name, file, answer) => {
  const ended = await inBareShell(`node_modules/.bin/sls invoke local -f ${name} -p ${file}`, alone());
  expect([ended.status, ended.stdout]).toEqual([0, expect.stringContaining(answer)]);
  expect(ended.stderr).toContain(`No local stack answers at ${nowhere}. So this runs on a throw-away one`);
});

test('sls invoke local runs the function on the Node of the project even if an older Node has started sls', async () => {
  const folder = ownFolder();
  const olderNode = join(folder, 'older-node.cjs');
  await writeFile(
    olderNode,
    "if (process.argv[1]?.includes('serverless')) Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });",
  );
  const command = `"${process.execPath}" -r "${olderNode}" node_modules/osls/bin/serverless.js invoke local -f deliver -p ${sample}`;
  const ended = await inBareShell(command, alone());
  expect([ended.status, ended.stdout]).toEqual([0, expect.stringContaining('"outcome": "delivered"')]);
});
