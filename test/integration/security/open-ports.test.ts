import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { openClients } from '../../fixtures/clients.ts';
import { startStackProcess } from '../../servers/aws/stack-process.ts';

/** The ports that a process listens on. Source: proc(5), /proc/net/tcp; 0A is the state LISTEN. */
function listeningPorts(pid: number): number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1]),
  );
  const lines = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1),
  );
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === '0A' && sockets.has(inode) ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : [];
  });
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

test('a stack whose databases are in use listens on its one port and on no other', async () => {
  const stack = startStackProcess(['--port', '0']);
  onTestFinished(async () => {
    stack.process.kill();
    await stack.ended;
  });
  const url = await stack.url;
  const clients = openClients(url, { region: 'eu-west-1' });
  onTestFinished(() => {
    for (const client of Object.values(clients)) client.destroy();
  });
  await clients.dynamoDb.send(new ListTablesCommand({}));
  await clients.sqs.send(new ListQueuesCommand({}));
  expect(listeningPorts(stack.process.pid ?? 0)).toEqual([Number(new URL(url).port)]);
});
