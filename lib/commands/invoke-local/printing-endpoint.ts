import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { type DemoServer, listen } from '../demo/demo-servers.ts';

/** The rest of a long body would only fill the terminal. */
const mostCharacters = 2000;

/** An endpoint on this machine that prints each request and answers 204. */
export async function startPrintingEndpoint(print: (text: string) => void): Promise<DemoServer> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    print(printed(request, Buffer.concat(chunks)));
    response.writeHead(204).end();
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  return listen(server);
}

function printed({ method = '', url = '', headers }: IncomingMessage, body: Buffer): string {
  const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${String(value)}`);
  const text = body.toString();
  const shown = text.length > mostCharacters ? `${text.slice(0, mostCharacters)}... (${body.length} bytes)` : text;
  return [`The endpoint got ${method} ${url}`, ...lines, '', `  ${shown}`].join('\n');
}
