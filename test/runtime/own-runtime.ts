/**
 * Replaces AWS's runtime interface client where that cannot be built. It runs the same loop over the same API, and
 * gives our functions the part of the context that they use. As on Lambda, `_HANDLER` and `LAMBDA_TASK_ROOT` name the
 * function.
 */
import { basename, dirname, join } from 'node:path';

type Handler = (event: unknown, context: object) => Promise<unknown>;

const { AWS_LAMBDA_RUNTIME_API: address = '', LAMBDA_TASK_ROOT: root = '', _HANDLER: handlerText = '' } = process.env;
const api = `http://${address}/2018-06-01/runtime`;

async function load(): Promise<Handler> {
  const [file = '', member = ''] = basename(handlerText).split('.');
  const module = (await import(join(root, dirname(handlerText), `${file}.js`))) as Record<string, Handler>;
  const handler = module[member];
  if (handler === undefined) throw new Error(`${handlerText} is undefined or not exported`);
  return handler;
}

async function post(path: string, body: unknown): Promise<void> {
  await (await fetch(`${api}/${path}`, { method: 'POST', body: JSON.stringify(body ?? null) })).arrayBuffer();
}

function described(error: unknown): object {
  const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  return { errorType: name, errorMessage: message, trace: stack.split('\n') };
}

function contextOf(headers: Headers): object {
  const deadlineMs = Number(headers.get('lambda-runtime-deadline-ms'));
  return {
    awsRequestId: headers.get('lambda-runtime-aws-request-id'),
    invokedFunctionArn: headers.get('lambda-runtime-invoked-function-arn'),
    functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
    functionVersion: process.env['AWS_LAMBDA_FUNCTION_VERSION'],
    memoryLimitInMB: process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
}

async function run(): Promise<never> {
  const handler = await load();
  for (;;) {
    const next = await fetch(`${api}/invocation/next`);
    const id = next.headers.get('lambda-runtime-aws-request-id') ?? '';
    try {
      await post(`invocation/${id}/response`, await handler(await next.json(), contextOf(next.headers)));
    } catch (error) {
      await post(`invocation/${id}/error`, described(error));
    }
  }
}

await run().catch(async (error: unknown) => {
  await post('init/error', described(error));
  throw error;
});
