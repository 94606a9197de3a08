import { refusedHost, wayToAllow } from '../../core/address/address.ts';
import { isAddress, maskUserinfo, parseHost } from '../../core/address/host-name.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { longestRequestTimeoutMs } from '../../core/delivery/retry.ts';
import type { DeliveryPolicyOverrides, JsonataTransformer, Order } from '../../core/destination/delivery-policy.ts';
import { jsonataOf } from '../../core/destination/delivery-policy.ts';
import type { CheckExpression } from '../../ports/transformations.ts';
import { numberOf, objectOf, textListOf, textOf } from '../input.ts';
import type { Caller, ControlDependencies } from '../operation.ts';
import type { Kind } from '../refusals.ts';
import { invalidParameter } from '../refusals.ts';

/*
 * The rules for policies that the service model cannot express. Each error names the member.
 */

export interface PolicyDependencies extends ControlDependencies {
  /** Time limit of the functions that deliver. */
  readonly functionTimeoutSeconds: number;
  readonly checkExpression: CheckExpression;
  /** Whether the stack has the ordered queue. */
  readonly hasOrderedQueue: boolean;
}

const verb = 'update';

/** Region and name in the ARN of a secret. The service model has already checked its form. */
const secretArnPattern = /^arn:[^:]+:secretsmanager:([^:]+):[0-9]{12}:secret:(.+)$/;

/**
 * Checks the ARN of a secret that a policy names.
 *
 * Failure policy: a secret that this stack created is refused. It is removed with its connection, and it would let one
 * connection use the credentials of another.
 *
 * @throws ServiceError ValidationException for a secret of this stack, or one in another region, which no worker could read
 */
export function checkedSecretArn(
  { secretPrefix }: PolicyDependencies,
  { region }: Caller,
  kind: Kind,
  parameter: string,
  secretArn: string | undefined,
): string | undefined {
  if (secretArn === undefined) return undefined;
  const [, secretRegion, name = ''] = secretArnPattern.exec(secretArn) ?? [];
  if (secretRegion !== region) throw invalidParameter(verb, kind, parameter, `The secret must be in region ${region}.`);
  if (name.startsWith(secretPrefix)) {
    const reason = 'The secret belongs to a connection of this stack. Name a secret of your own.';
    throw invalidParameter(verb, kind, parameter, reason);
  }
  return secretArn;
}

/** @throws ServiceError ValidationException for a member that the request both sets and removes */
export function removedMembersOf(input: JsonObject, kind: Kind): ReadonlySet<string> {
  const removed = new Set(textListOf(input, 'RemovedMembers'));
  const both = [...removed].find((member) => input[member] !== undefined);
  if (both === undefined) return removed;
  throw invalidParameter(verb, kind, 'RemovedMembers', `The request also sets ${both}. Do one of the two.`);
}

/** @throws ServiceError ValidationException for a timeout that does not fit into the time limit of the functions */
export function checkedTimeoutMs(
  { functionTimeoutSeconds }: PolicyDependencies,
  input: JsonObject,
): number | undefined {
  const seconds = numberOf(input, 'TimeoutSeconds');
  if (seconds === undefined) return undefined;
  const longestMs = longestRequestTimeoutMs(functionTimeoutSeconds);
  if (seconds * 1000 <= longestMs) return Math.round(seconds * 1000);
  const reason = `It must be at most ${longestMs / 1000}, because the functions may run for ${functionTimeoutSeconds} s.`;
  throw invalidParameter(verb, 'api-destination', 'TimeoutSeconds', reason);
}

/** @throws ServiceError ValidationException */
export function checkedStatuses(statuses: readonly number[] | undefined): readonly number[] | undefined {
  const delivered = statuses?.find((status) => status >= 200 && status <= 299);
  if (delivered === undefined) return statuses && [...new Set(statuses)];
  const reason = `Status ${delivered} means that the event was delivered. Remove it.`;
  throw invalidParameter(verb, 'api-destination', 'RetryableStatuses', reason);
}

/** @throws ServiceError ValidationException for an expression that no event can pass */
export async function checkedTransformer(
  { checkExpression }: PolicyDependencies,
  input: JsonObject,
): Promise<JsonataTransformer | undefined> {
  // The service model has already checked the type and the length.
  const transformer = objectOf(input, 'Transformer') as unknown as JsonataTransformer | undefined;
  const reason = transformer && (await checkExpression(jsonataOf(transformer)));
  if (reason === undefined) return transformer;
  throw invalidParameter(verb, 'api-destination', 'Transformer.Expression', reason);
}

/** @throws ServiceError ValidationException in a stack that has no ordered deliveries */
export function checkedOrder({ hasOrderedQueue }: PolicyDependencies, input: JsonObject): Order | undefined {
  if (textOf(input, 'Order') === undefined) return undefined;
  // The service model allows only this value.
  if (hasOrderedQueue) return 'PER_GROUP';
  const reason = 'This stack has no ordered deliveries. Deploy it with the parameter orderedDeliveries first.';
  throw invalidParameter(verb, 'api-destination', 'Order', reason);
}

/**
 * Performance: the code for paths is loaded with the first one.
 *
 * @throws ServiceError ValidationException for a text that is not a JSON path
 */
export async function checkedGroupPath(input: JsonObject): Promise<string | undefined> {
  const text = textOf(input, 'OrderGroupPath');
  if (text === undefined) return undefined;
  const { parseJsonPath } = await import('../../core/request/json-path.ts');
  if (parseJsonPath(text) !== undefined) return text;
  const reason = 'It is not a JSON path. Use a path such as $.detail.orderId.';
  throw invalidParameter(verb, 'api-destination', 'OrderGroupPath', reason);
}

/** @throws ServiceError ValidationException for a policy in which members contradict each other */
export function requireMembersTogether({ order, orderGroupPath, format, batch }: DeliveryPolicyOverrides): void {
  if (orderGroupPath !== undefined && order === undefined) {
    const reason = 'It has no effect without Order. Set Order to PER_GROUP, or remove OrderGroupPath too.';
    throw invalidParameter(verb, 'api-destination', 'OrderGroupPath', reason);
  }
  if (batch === undefined || (format ?? order) === undefined) return;
  const reason =
    format === undefined
      ? 'With Order, an event that fails must hold its own group only, so each event has a request of its own. Remove Batch or Order.'
      : 'With Format, each event has a request of its own. Remove Format, or use CLOUDEVENTS_BATCH as Batch.Format.';
  throw invalidParameter(verb, 'api-destination', 'Batch.Format', reason);
}

/** @throws ServiceError ValidationException. Source: RFC 6066 section 3: an address is not a server name */
export function checkedServerName(input: JsonObject): string | undefined {
  const text = textOf(input, 'ServerName');
  if (text === undefined) return undefined;
  const host = parseHost(text);
  if (host !== undefined && !isAddress(host)) return host;
  throw invalidParameter(verb, 'api-destination', 'ServerName', `'${text}' is not a host name.`);
}

/** @throws ServiceError ValidationException */
export function checkedProxyUrl({ allowlist }: PolicyDependencies, input: JsonObject): string | undefined {
  const text = textOf(input, 'ProxyUrl');
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || url.port === '0' || parseHost(url.hostname) === undefined) {
    const reason = `'${maskUserinfo(text)}' is not a proxy URL. Use http or https with a host and a port.`;
    throw invalidParameter(verb, 'api-destination', 'ProxyUrl', reason);
  }
  const refused = refusedHost(url.hostname, allowlist);
  if (refused === undefined) return url.origin;
  const reason =
    `'${maskUserinfo(text)}' has an address that may not be called: ${refused}. ${wayToAllow(refused) ?? ''}`.trimEnd();
  throw invalidParameter(verb, 'api-destination', 'ProxyUrl', reason);
}
