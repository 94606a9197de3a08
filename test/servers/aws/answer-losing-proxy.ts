import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy that can lose answers. The server then executes the request, but the client gets no answer. */
export interface AnswerLosingProxy {
  readonly endpoint: string;
  /** Loses the next answer to a request whose X-Amz-Target ends with this operation. */
  loseNextAnswerTo(operation: string): void;
  readonly lostAnswers: number;
  stop(): Promise<void>;
}

export async function startAnswerLosingProxy(upstream: string): Promise<AnswerLosingProxy> {
  const toLose: string[] = [];
  let lostAnswers = 0;
  const server = createServer((incoming, outgoing) => {
    const target = String(incoming.headers['x-amz-target']);
    const index = toLose.findIndex((operation) => target.endsWith(`.${operation}`));
    if (index >= 0) toLose.splice(index, 1);
    const options = { method: incoming.method ?? 'POST', headers: incoming.headers };
    const forwarded = request(new URL(incoming.url ?? '/', upstream), options, (answer) => {
      if (index >= 0) {
        lostAnswers += 1;
        answer.resume();
        answer.on('end', () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseNextAnswerTo(operation) {
      toLose.push(operation);
    },
    get lostAnswers() {
      return lostAnswers;
    },
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}
