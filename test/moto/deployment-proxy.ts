import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface DeploymentProxy {
  readonly endpoint: string;
  /** The times in the names of the deployments that were uploaded, in the order of the uploads. */
  readonly deploymentTimes: readonly number[];
  stop(): Promise<void>;
}

/**
 * A proxy before moto that corrects one fault of moto: a function keeps the time of its creation as LastModified when its code
 * changes. In AWS this is the time of the change, and osls compares it with the times of the files in the bucket.
 */
export async function startDeploymentProxy(moto: string): Promise<DeploymentProxy> {
  let changedAtMs = 0;
  const deploymentTimes: number[] = [];

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await readAll(incoming);
    const { status, headers, body: answer } = await forward(moto, incoming, body);
    const [, time] = stateFile.exec(incoming.url ?? '') ?? [];
    if (incoming.method === 'PUT' && time !== undefined) deploymentTimes.push(Number(time));
    if (body.includes('Action=ExecuteChangeSet')) changedAtMs = Date.now();
    const isFunction = /^\/2015-03-31\/functions\/[^/]+$/.test(incoming.url ?? '') && status === 200;
    const corrected = isFunction ? withTime(answer, changedAtMs) : answer;
    outgoing.writeHead(status, { ...headers, ...(isFunction && { 'content-length': corrected.length }) });
    outgoing.end(corrected);
  }

  const server = createServer((incoming, outgoing) => {
    void serve(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deploymentTimes,
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

/** The path of the file that osls uploads once in each deployment. */
const stateFile = /\/serverless\/[^/]+\/[^/]+\/(\d+)-[^/]+\/serverless-state\.json/;

function withTime(answer: Buffer, timeMs: number): Buffer {
  const { Configuration, ...rest } = JSON.parse(answer.toString()) as { readonly Configuration: object };
  const LastModified = new Date(timeMs).toISOString().replace('Z', '+0000');
  return Buffer.from(JSON.stringify({ ...rest, Configuration: { ...Configuration, LastModified } }));
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

function forward(moto: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { method: incoming.method ?? 'POST', headers: incoming.headers };
    const forwarded = request(new URL(incoming.url ?? '/', moto), options, (answer) => {
      const { statusCode: status = 500, headers } = answer;
      readAll(answer).then((read) => resolve({ status, headers, body: read }), reject);
    });
    forwarded.once('error', reject);
    forwarded.end(body);
  });
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
