import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createPreSignedPut } from '../../../lib/adapters/http/pre-signed-put.ts';
import { createOperations } from '../../../lib/control/operations.ts';
import { createPolicyOperations } from '../../../lib/control/policies/policy-operations.ts';
import { parseAllowlist, publicOnly } from '../../../lib/core/address/address.ts';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import type { AnswerSender, ResourceLine } from '../../../lib/ports/resources.ts';
import { createDeclaredCalls } from '../../../lib/protocol/declared-calls.ts';
import { answerResourceRequest } from '../../../lib/resources/provider.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { createDeclaredKeys } from '../../../lib/control/api-keys/declared-keys.ts';
import { createApiKeyOperations } from '../../../lib/control/api-keys/api-keys.ts';
import { createInMemoryApiKeys } from '../../fakes/in-memory-api-keys.ts';
import { caller, createWorld, type WorldOptions } from '../control/world.ts';

export const stackId = 'arn:aws:cloudformation:us-east-1:123456789012:stack/shop/5b918d10-cd98-11ea-90d5-0a9cd3354c10';
export const serviceToken = 'arn:aws:lambda:us-east-1:123456789012:function:lastmile-prod-resources';

/** The answer that CloudFormation finds at its pre-signed URL. */
export interface ReceivedAnswer {
  readonly Status: string;
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
  readonly Data?: Readonly<Record<string, string>>;
}

interface Asked {
  readonly logicalId?: string;
  readonly physicalId?: string;
  readonly properties: JsonObject;
  readonly former?: JsonObject;
  /** The same id twice is the same request sent again. Default: a new one. */
  readonly requestId?: string;
  readonly stack?: string;
}

/** The provider over the operations of the control API with stores in memory, and a server that receives its answers. */
export async function createResourceWorld(options: WorldOptions = {}) {
  const world = createWorld(options);
  const received: { readonly url: string; readonly contentType: string | undefined; readonly text: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      received.push({ url: request.url ?? '', contentType: request.headers['content-type'], text });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const lines: ResourceLine[] = [];
  const faults: unknown[] = [];
  const failures: unknown[] = [];
  let requests = 0;

  const keyDependencies = {
    apiKeys: createInMemoryApiKeys(),
    rootSecret: { read: () => Promise.resolve('canary-root') },
    clock: world.clock,
    randomBytes,
    newUuid: world.dependencies.newUuid,
  };
  const { secretWriter } = world.dependencies;
  const keys = createDeclaredKeys({ ...keyDependencies, secretWriter, secretPrefix: 'lastmile/test/api-key/' });
  const control = createDeclaredCalls(
    {
      operations: createOperations(world.dependencies),
      lastmileOperations: createPolicyOperations(world.dependencies),
      apiKeyOperations: createApiKeyOperations(keyDependencies),
      logFault: (fault) => faults.push(fault),
    },
    caller,
  );

  function eventOf(type: string, resourceType: string, asked: Asked) {
    requests += 1;
    const requestId = asked.requestId ?? `request-${requests}`;
    return {
      RequestType: type,
      ServiceToken: serviceToken,
      ResponseURL: `http://127.0.0.1:${port}/answer-${requests}?Signature=canary-signature`,
      StackId: asked.stack ?? stackId,
      RequestId: requestId,
      ResourceType: `Custom::Lastmile${resourceType}`,
      LogicalResourceId: asked.logicalId ?? 'Shop',
      ...(asked.physicalId !== undefined && { PhysicalResourceId: asked.physicalId }),
      ResourceProperties: { ServiceToken: serviceToken, ...asked.properties },
      ...(asked.former && { OldResourceProperties: { ServiceToken: serviceToken, ...asked.former } }),
    };
  }

  /** Sends an event, and lets the time pass while the provider waits. */
  async function invoke(event: unknown, { remainingMs = 300_000, sender = createPreSignedPut(systemClock) } = {}) {
    const before = lines.length;
    let ended = false;
    const invocation = answerResourceRequest(
      {
        control,
        apiKeys: keys,
        sender: sender as AnswerSender,
        clock: world.clock,
        newUuid: world.dependencies.newUuid,
        log: { record: (line) => void lines.push(line) },
        logFault: (errors) => void failures.push(errors),
        allowlist: parseAllowlist('127.0.0.0/8') ?? publicOnly,
      },
      event,
      remainingMs,
    ).finally(() => {
      ended = true;
    });
    invocation.catch(() => undefined);
    // After the line, only the answer is on its way, and that needs real time.
    while (lines.length === before && !ended) await world.clock.advance(250);
    return await invocation;
  }

  /** @returns the answer as it was received */
  async function ask(
    type: 'Create' | 'Update' | 'Delete',
    resourceType: string,
    asked: Asked,
  ): Promise<ReceivedAnswer> {
    await invoke(eventOf(type, resourceType, asked));
    return JSON.parse(received.at(-1)?.text ?? '{}') as ReceivedAnswer;
  }

  /** Everything that leaves the function: answers, log lines, errors. */
  const told = (): string => JSON.stringify([received.map(({ text }) => text), lines, faults, failures, world.told]);

  return { ...world, ask, invoke, eventOf, received, lines, told, apiKeys: keyDependencies.apiKeys };
}

export type ResourceWorld = Awaited<ReturnType<typeof createResourceWorld>>;

/** What authorize-connection does when it has got a token. */
export async function authorize(connections: ResourceWorld['connections'], name: string): Promise<void> {
  const before = await connections.read(name);
  if (before === undefined) return;
  await connections.update(before, { ...before, state: 'AUTHORIZED', revision: before.revision + 1 });
}
