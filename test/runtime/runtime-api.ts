import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** The result of an invocation. */
export type Ended =
  | { readonly kind: 'answered'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly errorType: string; readonly errorMessage: string }
  /** The environment was killed at the deadline. */
  | { readonly kind: 'timed out' };

/** Lambda's side of one execution environment. Source: Lambda developer guide, "Using the Lambda runtime API". */
export interface RuntimeApi {
  /** `host:port`, for the variable AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /** Resolves when the runtime waits for an invocation; rejects when it could not load the function. */
  waiting(): Promise<void>;
  /** Sends an invocation to the waiting runtime, and resolves with its result. */
  invoke(payload: unknown, functionArn: string, deadlineMs: number): Promise<Ended>;
  /** Reports that the runtime ended by itself, so that its invocation fails. */
  exited(errorMessage: string): void;
  /** Forgets the runtime, because another one will start. */
  forget(): void;
  close(): Promise<void>;
}

const path = /^\/2018-06-01\/runtime\/(invocation\/next|init\/error|invocation\/[^/]+\/(?:response|error))$/;

export async function startRuntimeApi(): Promise<RuntimeApi> {
  let next = Promise.withResolvers<ServerResponse>();
  let ended: ((result: Ended) => void) | undefined;

  async function serve(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const [, call = ''] = path.exec(request.url ?? '') ?? [];
    const body = await text(request);
    if (call === 'invocation/next') return next.resolve(answer);
    answer.writeHead(call === '' ? 404 : 202).end();
    if (call === 'init/error') next.reject(new Error(`The function could not be loaded: ${body}`));
    if (call.endsWith('/response')) ended?.({ kind: 'answered', value: JSON.parse(body) });
    if (call.endsWith('/error')) ended?.({ kind: 'failed', ...(JSON.parse(body) as FunctionError) });
  }

  const server = createServer((request, answer) => void serve(request, answer).catch(() => answer.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  function forget(): void {
    next.promise.catch(() => undefined);
    next = Promise.withResolvers();
    ended = undefined;
  }

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    waiting: async () => void (await next.promise),
    async invoke(payload, functionArn, deadlineMs) {
      const answer = await next.promise;
      next = Promise.withResolvers();
      const { promise, resolve } = Promise.withResolvers<Ended>();
      ended = resolve;
      answer.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': randomUUID(),
        'lambda-runtime-deadline-ms': String(deadlineMs),
        'lambda-runtime-invoked-function-arn': functionArn,
        'lambda-runtime-trace-id': 'Root=1-00000000-000000000000000000000000;Sampled=0',
      });
      answer.end(JSON.stringify(payload));
      return promise;
    },
    exited(errorMessage) {
      ended?.({ kind: 'failed', errorType: 'Runtime.ExitError', errorMessage });
      next.promise.catch(() => undefined);
      next.reject(new Error(errorMessage));
    },
    forget,
    close() {
      forget();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
}
