import { startForwardingServer } from '../endpoints/forwarding-server.ts';

/** A proxy before AWS services that records the requested operations. */
export interface RecordingProxy {
  readonly endpoint: string;
  /**
   * Returns the operations of the requests since the last call, such as `UpdateItem`. An update of a rate bucket is
   * reported as `Reserve`.
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
