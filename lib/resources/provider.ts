import type { AddressAllowlist } from '../core/address/address.ts';
import { describeErrors, type ErrorDescription } from '../core/failure/failure.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import { didYouMean } from '../core/input/did-you-mean.ts';
import type { Clock } from '../ports/clock.ts';
import type { AnswerSender, ControlCalls, DeclaredKeys, ResourceLog } from '../ports/resources.ts';
import { type Result, formatAnswer } from './answer.ts';
import { apiDestinationKind } from './api-destination.ts';
import { apiKeyKind } from './api-key.ts';
import { connectionKind } from './connection.ts';
import type { Made, ResourceKind, Work } from './kind.ts';
import { connectionPolicyKind, deliveryPolicyKind } from './policies.ts';
import { type ResourceRequest, parseResourceRequest } from './request.ts';

export interface ProviderDependencies {
  readonly control: ControlCalls;
  readonly apiKeys: DeclaredKeys;
  readonly sender: AnswerSender;
  readonly clock: Clock;
  readonly newUuid: () => string;
  readonly log: ResourceLog;
  readonly logFault: (errors: readonly ErrorDescription[]) => void;
  /** Addresses beside those of S3 to which answers may go. Only loopback counts. */
  readonly allowlist: AddressAllowlist;
}

const kinds: Readonly<Record<string, ResourceKind>> = {
  'Custom::LastmileConnection': connectionKind,
  'Custom::LastmileApiDestination': apiDestinationKind,
  'Custom::LastmileDeliveryPolicy': deliveryPolicyKind,
  'Custom::LastmileConnectionPolicy': connectionPolicyKind,
  'Custom::LastmileApiKey': apiKeyKind,
};

/** Time that is kept for undoing what is half done, and for sending the answer. */
const answerReserveMs = 15_000;

/** How long a request that has run out of time may take to undo what is half done. */
const undoMs = 5000;

/** CloudFormation's own time limit also covers the way of the request and of the answer. */
const serviceTimeoutReserveMs = 5000;

/** The physical id of a resource that was never created. No connection or API destination may have this name. */
const notCreated = 'not-created:';

/**
 * Answers a request of CloudFormation for a resource of a template.
 *
 * Failure policy: every request that can be answered gets an answer, because without one CloudFormation waits for an hour. When
 * the time is nearly over, the answer is FAILED. If the answer cannot be sent, this rejects, so that Lambda invokes the
 * function again with the same request; the result is then the same.
 *
 * @param remainingMs the time that the invocation has left
 * @returns the answer, without the values for Fn::GetAtt
 * @throws NotARequest when the input is not a request, or names an address to which no answer may go
 */
export async function answerResourceRequest(
  dependencies: ProviderDependencies,
  event: unknown,
  remainingMs: number,
): Promise<{ readonly status: Result['status']; readonly physicalResourceId: string; readonly reason?: string }> {
  const { clock, sender, log } = dependencies;
  const startMs = clock.nowMs();
  const request = parseResourceRequest(event, dependencies.allowlist);
  const result = await resultOf(dependencies, request, remainingMs);
  const { status, physicalResourceId } = result;
  const short = { status, physicalResourceId, ...(result.status === 'FAILED' && { reason: result.reason }) };
  const { type: requestType, resourceType, stackId, requestId, logicalResourceId } = request;
  const line = { requestType, resourceType, stackId, requestId, logicalResourceId, ...short };
  log.record({ ...line, durationMs: clock.nowMs() - startMs });
  const leftMs = remainingMs - (clock.nowMs() - startMs) - undoMs;
  await withTimeLimit(clock, leftMs, (signal) =>
    sender.send(request.responseUrl, formatAnswer(request, result), signal),
  );
  return short;
}

async function resultOf(
  { control, apiKeys, clock, newUuid, logFault }: ProviderDependencies,
  request: ResourceRequest,
  remainingMs: number,
): Promise<Result> {
  let physicalResourceId = request.physicalResourceId ?? `${notCreated}${request.logicalResourceId}`;
  let cause = 'The control API has not answered in time.';
  const limitMs = timeLimitMs(request, remainingMs);
  try {
    const { physicalResourceId: id, data } = await withTimeLimit(clock, limitMs, (signal) =>
      perform({
        request,
        control,
        apiKeys,
        clock,
        newUuid,
        signal,
        made(id) {
          if (request.type === 'Create') physicalResourceId = id;
        },
        waitsFor(what) {
          cause = what;
        },
      }),
    );
    return { status: 'SUCCESS', physicalResourceId: id, data };
  } catch (error) {
    if (error instanceof OutOfTime) {
      const reason = `Not done within ${Math.round(limitMs / 1000)} s. ${cause}`;
      return { status: 'FAILED', physicalResourceId, reason };
    }
    if (error instanceof ServiceError) {
      return { status: 'FAILED', physicalResourceId, reason: `${error.code}: ${error.message}` };
    }
    logFault(describeErrors(error));
    const reason = 'InternalException: The function failed to process the request. Its log has the error.';
    return { status: 'FAILED', physicalResourceId, reason };
  }
}

async function perform(work: Work): Promise<Made> {
  const { type, resourceType, physicalResourceId = '' } = work.request;
  const kind = Object.hasOwn(kinds, resourceType) ? kinds[resourceType] : undefined;
  if (type === 'Delete') {
    // Whatever has this type or this id, this function has not created it.
    if (kind !== undefined && !physicalResourceId.startsWith(notCreated)) await kind.remove(work);
    return { physicalResourceId, data: {} };
  }
  if (kind !== undefined) return await kind.put(work);
  const names = Object.keys(kinds);
  const wayOut = didYouMean(resourceType, names) ?? `It makes ${names.join(', ')}.`;
  throw new ServiceError(
    'ValidationException',
    `This function does not make resources of type ${resourceType}. ${wayOut}`,
  );
}

function timeLimitMs({ serviceTimeoutSeconds }: ResourceRequest, remainingMs: number): number {
  const ownMs = remainingMs - answerReserveMs;
  if (serviceTimeoutSeconds === undefined) return Math.max(0, ownMs);
  return Math.max(0, Math.min(ownMs, serviceTimeoutSeconds * 1000 - serviceTimeoutReserveMs));
}

class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/** Rejects with OutOfTime when the time is over, a little later if the work does not react to its signal. */
async function withTimeLimit<Value>(
  clock: Clock,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const [expiry, ended] = [new AbortController(), new AbortController()];
  const expired = (async () => {
    await clock.delay(Math.max(0, limitMs), ended.signal);
    const reason = new OutOfTime('The time of the request is over.');
    expiry.abort(reason);
    await clock.delay(undoMs, ended.signal);
    throw reason;
  })();
  try {
    return await Promise.race([work(expiry.signal), expired]);
  } finally {
    expired.catch(() => undefined);
    ended.abort();
  }
}
