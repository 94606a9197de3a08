import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before AWS services and remembers which operations they were asked for. */
export interface RecordingProxy {
  readonly endpoint: string;
  /** What X-Amz-Target said, without the service's version: `UpdateItem`. Forgets what it returns. */
  takeOperations(): readonly string[];
  stop(): Promise<void>;
}

export async function startRecordingProxy(upstream: string): Promise<RecordingProxy> {
  const operations: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const target = String(incoming.headers['x-amz-target']);
    operations.push(target.slice(target.indexOf('.') + 1));
    const { method = 'POST', url = '/', headers } = incoming;
    const forwarded = request(new URL(url, upstream), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
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
