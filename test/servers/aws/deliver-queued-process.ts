import { createHandler, dependenciesFrom } from '../../../functions/deliver-queued.ts';
import { noMetrics } from '../../../lib/local/lambda/readable-logs.ts';

/*
 * Runs one invocation of deliver-queued in a separate process. It reads the function's variables, the endpoint of its AWS
 * clients and the event as JSON from stdin, and writes the answer as JSON to stdout.
 */

export interface Invocation {
  readonly environment: Record<string, string>;
  readonly aws: { readonly region: string; readonly endpoint: string };
  readonly event: unknown;
}

let text = '';
for await (const chunk of process.stdin.setEncoding('utf8')) text += String(chunk);
const { environment, aws, event } = JSON.parse(text) as Invocation;
const credentials = { accessKeyId: 'worker', secretAccessKey: 'test' };
const silence = { deliveryLog: { record: () => undefined }, metrics: noMetrics };
const handler = createHandler(dependenciesFrom(environment, { ...aws, credentials }, silence));
const context = { getRemainingTimeInMillis: () => 60_000 } as Parameters<typeof handler>[1];
process.stdout.write(JSON.stringify(await handler(event, context)), () => process.exit(0));
