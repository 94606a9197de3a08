/**
 * The code that a team writes first, as a whole product: it takes an event over HTTP, answers 202, and sends the event with the global
 * fetch and a timeout. It has no queue, no rate and no retries, and it loses what it has accepted when its process dies.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerAsks, cpuMs } from '../peers/process.ts';
import type { Usage } from './probe.ts';

export type PlainAsk = { readonly kind: 'start'; readonly endpoint: string } | { readonly kind: 'usage' };

const timeoutMs = 5000;

async function send(endpoint: string, text: string): Promise<void> {
  const event = JSON.parse(text) as { readonly id: string };
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'bench-key', 'idempotency-key': event.id },
    body: JSON.stringify(event),
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  await response.text();
  console.log(JSON.stringify({ level: 'INFO', message: 'delivered', eventId: event.id, status: response.status }));
}

async function start(endpoint: string): Promise<number> {
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => void (text += part));
    request.on('end', () => {
      response.writeHead(202).end();
      void send(endpoint, text).catch((error: unknown) => console.error(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

answerAsks(async (asked: PlainAsk): Promise<number | Usage> => {
  switch (asked.kind) {
    case 'start':
      return start(asked.endpoint);
    case 'usage':
      return { cpuMs: cpuMs(), residentBytes: process.memoryUsage.rss() };
  }
});
