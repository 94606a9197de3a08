import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PrintingEndpoint {
  readonly url: string;
  close(): Promise<void>;
}

/** The rest of a long body would only fill the terminal. */
const mostCharacters = 2000;

/** An endpoint on this machine that prints each request and answers 204. */
export async function startPrintingEndpoint(print: (text: string) => void): Promise<PrintingEndpoint> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    print(printed(request, Buffer.concat(chunks)));
    response.writeHead(204).end();
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function printed({ method = '', url = '', headers }: IncomingMessage, body: Buffer): string {
  const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${String(value)}`);
  const text = body.toString();
  const shown = text.length > mostCharacters ? `${text.slice(0, mostCharacters)}... (${body.length} bytes)` : text;
  return [`The endpoint got ${method} ${url}`, ...lines, '', `  ${shown}`].join('\n');
}
