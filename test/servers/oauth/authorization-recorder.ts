import type { IncomingMessage } from 'node:http';
import { claimedSigner } from '../../../lib/local/stack/routes.ts';
import { authorizedCall } from '../../policies/aws-call.ts';
import type { AuthorizedCall } from '../../policies/evaluate.ts';
import { startForwardingServer } from '../endpoints/forwarding-server.ts';

/** A proxy before a stack that records the caller of each request, and the action and resources that IAM would check. */
export interface AuthorizationRecorder {
  readonly endpoint: string;
  /** The distinct calls so far, by the access key id that signed them. */
  readonly calls: ReadonlyMap<string, readonly AuthorizedCall[]>;
  /** The operations of X-Amz-Target, and `Invoke`. */
  readonly operations: ReadonlySet<string>;
  /** Errors for requests whose action is not known. */
  readonly faults: readonly unknown[];
  stop(): Promise<void>;
}

export async function startAuthorizationRecorder(upstream: string, account: string): Promise<AuthorizationRecorder> {
  const calls = new Map<string, AuthorizedCall[]>();
  const seen = new Set<string>();
  const operations = new Set<string>();
  const faults: unknown[] = [];

  function note({ url: path = '/', headers }: IncomingMessage, body: string): void {
    const signature = claimedSigner(headers.authorization, '');
    if (signature === undefined) throw new Error('A request is not signed.');
    const target = headers['x-amz-target']?.toString();
    const call = authorizedCall({ path, target, body }, signature, account);
    operations.add(target?.split('.').at(-1) ?? 'Invoke');
    const text = `${signature.accessKeyId} ${JSON.stringify(call)}`;
    if (seen.has(text)) return;
    seen.add(text);
    calls.set(signature.accessKeyId, [...(calls.get(signature.accessKeyId) ?? []), call]);
  }

  const server = await startForwardingServer(upstream, (incoming, body) => {
    try {
      note(incoming, body.toString());
    } catch (error) {
      faults.push(error);
    }
  });
  return { ...server, calls, operations, faults };
}
