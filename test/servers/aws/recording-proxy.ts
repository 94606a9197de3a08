import { startForwardingServer } from '../endpoints/forwarding-server.ts';

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
  const server = await startForwardingServer(upstream, ({ headers }, body) => {
    operations.push(operationOf(String(headers['x-amz-target']), body));
  });
  return { ...server, takeOperations: () => operations.splice(0) };
}

function operationOf(target: string, body: Buffer): string {
  const operation = target.slice(target.indexOf('.') + 1);
  return body.includes('RATE#') ? 'Reserve' : operation;
}
