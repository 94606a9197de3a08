import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface FailingEndpoint {
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
  requestCount(): number;
  close(): Promise<void>;
}

/** Longest time that an answer takes, so that a kill finds requests under way. */
const longestAnswerMs = 150;

/** Share of the requests that fail. */
const failing = 0.3;

/** What a failing request is answered; each as likely as the others. Undefined: the connection ends without an answer. */
const failures: readonly (readonly [status: number, retryAfter?: string] | undefined)[] = [
  [503],
  [503],
  [503, '0'],
  [503, '1'],
  [503, '2'],
  [500],
  [429],
  [429, '0'],
  [429, '1'],
  undefined,
];

/**
 * An endpoint on a free port that fails now and then.
 *
 * @param arrived called with the body of every request that is answered with success
 */
export async function startFailingEndpoint(
  random: () => number,
  arrived: (body: string) => void,
): Promise<FailingEndpoint> {
  let requests = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    requests += 1;
    await delay(random() * longestAnswerMs);
    if (random() < failing) return fail(request, response, failures[Math.floor(random() * failures.length)]);
    arrived(body);
    response.end();
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    // It fails when a stack was killed in the middle of its request.
    answer(request, response).catch(() => request.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requestCount: () => requests,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function fail(request: IncomingMessage, response: ServerResponse, failure: (typeof failures)[number]): void {
  if (failure === undefined) return void request.socket.destroy();
  const [status, retryAfter] = failure;
  response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end('not now');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
