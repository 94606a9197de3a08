/**
 * The endpoints of the isolation bench, in a process of their own. The path of a request determines the answer. The process
 * sends its port to its parent, and then, each time the parent asks, the arrivals since it was last asked.
 */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that was answered with success. Other requests are not recorded. */
export interface Arrival {
  readonly path: string;
  /** The number in the event. */
  readonly event: number;
  /** Epoch ms. */
  readonly atMs: number;
}

/** Just below the time limit of a request, which is 5 s. */
const slowAnswerMs = 4900;

let arrivals: Arrival[] = [];
let flakyRequests = 0;
const nowMs = () => performance.timeOrigin + performance.now();

function answer(path: string, event: number, response: ServerResponse): void {
  const delivered = () => {
    arrivals.push({ path, event, atMs: nowMs() });
    response.end();
  };
  switch (path) {
    case '/hung':
      return;
    case '/slow':
      setTimeout(delivered, slowAnswerMs);
      return;
    case '/flaky':
      flakyRequests += 1;
      if (flakyRequests % 3 === 0) return void response.writeHead(500).end();
      return delivered();
    default:
      return delivered();
  }
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('latin1').on('data', (text: string) => void (body += text));
  request.on('end', () => answer(request.url ?? '', Number(/"number":(\d+)/.exec(body)?.[1]), response));
});

process.on('message', () => {
  process.send?.(arrivals);
  arrivals = [];
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
