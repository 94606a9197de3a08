import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before AWS services and remembers which operations they were asked for. */
export interface RecordingProxy {
  readonly endpoint: string;
  /**
   * What X-Amz-Target said, without the service's version: `UpdateItem`; `Reserve` for what holds a rate. Forgets
   * what it returns.
   */
  takeOperations(): readonly string[];
  stop(): Promise<void>;
}

export async function startRecordingProxy(upstream: string): Promise<RecordingProxy> {
  const operations: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      operations.push(operationOf(String(incoming.headers['x-amz-target']), body));
      const { method = 'POST', url = '/', headers } = incoming;
      const forwarded = request(new URL(url, upstream), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      forwarded.on('error', () => outgoing.destroy());
      forwarded.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    takeOperations: () => operations.splice(0),
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function operationOf(target: string, body: Buffer): string {
  const operation = target.slice(target.indexOf('.') + 1);
  return body.includes('RATE#') ? 'Reserve' : operation;
}
