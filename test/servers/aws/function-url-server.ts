import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context } from 'aws-lambda';

export interface FunctionUrlServerOptions {
  /** Default: us-east-1. */
  readonly region?: string;
  /** Default: 123456789012. */
  readonly account?: string;
  /** Default: lastmile-test-control-api. */
  readonly functionName?: string;
}

export interface FunctionUrlServer {
  readonly url: string;
  close(): Promise<void>;
}

/** The members of a function URL's answer that this server supports. */
interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/**
 * Serves a handler over HTTP as a Lambda function URL does. Every request is an event in payload format 2.0 with its
 * body in base64, and every answer is an object with a status code. If the handler throws, the answer is a 502.
 */
export async function startFunctionUrlServer(
  handler: (event: unknown, context: Context) => Promise<unknown>,
  options: FunctionUrlServerOptions = {},
): Promise<FunctionUrlServer> {
  const { region = 'us-east-1', account = '123456789012', functionName = 'lastmile-test-control-api' } = options;
  const arn = `arn:aws:lambda:${region}:${account}:function:${functionName}`;
  const server = createServer((request, response) => {
    answer(request, account, (event, requestId) => handler(event, lambdaContext(functionName, arn, requestId))).then(
      ({ statusCode, headers, body }) => response.writeHead(statusCode, headers).end(body),
      () => response.writeHead(502, { 'content-type': 'application/json' }).end('{"Message":null}'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  request: IncomingMessage,
  account: string,
  invoke: (event: unknown, requestId: string) => Promise<unknown>,
): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const requestId = randomUUID();
  return (await invoke(toEvent(request, Buffer.concat(chunks), account, requestId), requestId)) as Answer;
}

function toEvent(request: IncomingMessage, body: Buffer, account: string, requestId: string): unknown {
  const { pathname, search } = new URL(request.url ?? '/', 'http://function.url');
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  );
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers,
    requestContext: {
      accountId: account,
      apiId: 'function-url',
      domainName: request.headers.host,
      http: { method: request.method, path: pathname, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
      requestId,
      routeKey: '$default',
      stage: '$default',
    },
    ...(body.length > 0 ? { body: body.toString('base64') } : {}),
    isBase64Encoded: body.length > 0,
  };
}

function lambdaContext(functionName: string, invokedFunctionArn: string, awsRequestId: string): Context {
  return {
    functionName,
    invokedFunctionArn,
    awsRequestId,
    functionVersion: '$LATEST',
    memoryLimitInMB: '256',
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'test',
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => 30_000,
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}
