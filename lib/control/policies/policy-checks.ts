import { refusedHost } from '../../core/address/address.ts';
import { isAddress, maskUserinfo, parseHost } from '../../core/address/host-name.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { longestRequestTimeoutMs } from '../../core/delivery/retry.ts';
import { numberOf, textOf } from '../input.ts';
import type { Caller, ControlDependencies } from '../operation.ts';
import type { Kind } from '../refusals.ts';
import { invalidParameter } from '../refusals.ts';

/*
 * The second stage of validation for policies: what the service model cannot say. Each check names the member.
 */

export interface PolicyDependencies extends ControlDependencies {
  /** Time limit of the functions that deliver. */
  readonly functionTimeoutSeconds: number;
}

const verb = 'update';

/** Account and name of a secret's ARN; the model has seen to its form. */
const secretArnPattern = /^arn:[^:]+:secretsmanager:([^:]+):[0-9]{12}:secret:(.+)$/;

/**
 * A secret that somebody else keeps.
 *
 * Failure policy: the secrets that this stack keeps itself are refused. They come and go with their connections, and would
 * hand one connection's credentials to another.
 *
 * @throws ServiceError ValidationException for one of another region, which no worker could read, or of the stack's own
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
  if (secretRegion !== region) throw invalidParameter(verb, kind, parameter, `The secret is not in region ${region}.`);
  if (name.startsWith(secretPrefix)) {
    throw invalidParameter(verb, kind, parameter, 'The secret is one that a connection of this stack keeps.');
  }
  return secretArn;
}

/** @throws ServiceError ValidationException for one that a function could never make */
export function checkedTimeoutMs(
  { functionTimeoutSeconds }: PolicyDependencies,
  input: JsonObject,
): number | undefined {
  const seconds = numberOf(input, 'TimeoutSeconds');
  if (seconds === undefined) return undefined;
  const longestMs = longestRequestTimeoutMs(functionTimeoutSeconds);
  if (seconds * 1000 <= longestMs) return Math.round(seconds * 1000);
  const reason = `It must be at most ${longestMs / 1000} while the functions may run for ${functionTimeoutSeconds} s.`;
  throw invalidParameter(verb, 'api-destination', 'TimeoutSeconds', reason);
}

/** @throws ServiceError ValidationException */
export function checkedStatuses(statuses: readonly number[] | undefined): readonly number[] | undefined {
  const delivered = statuses?.find((status) => status >= 200 && status <= 299);
  if (delivered === undefined) return statuses && [...new Set(statuses)];
  const reason = `${delivered} says that the event has arrived.`;
  throw invalidParameter(verb, 'api-destination', 'RetryableStatuses', reason);
}

/** @throws ServiceError ValidationException. Source: RFC 6066 section 3, which lets no address be a server name */
export function checkedServerName(input: JsonObject): string | undefined {
  const text = textOf(input, 'ServerName');
  if (text === undefined) return undefined;
  const host = parseHost(text);
  if (host !== undefined && !isAddress(host)) return host;
  throw invalidParameter(verb, 'api-destination', 'ServerName', `'${text}' is not the name of a host.`);
}

/** @throws ServiceError ValidationException */
export function checkedProxyUrl({ allowlist }: PolicyDependencies, input: JsonObject): string | undefined {
  const text = textOf(input, 'ProxyUrl');
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || url.port === '0' || parseHost(url.hostname) === undefined) {
    const reason = `'${maskUserinfo(text)}' is not the URL of a proxy: http or https, host and port.`;
    throw invalidParameter(verb, 'api-destination', 'ProxyUrl', reason);
  }
  const refused = refusedHost(url.hostname, allowlist);
  if (refused === undefined) return url.origin;
  const reason = `'${maskUserinfo(text)}' has an address that may not be called: ${refused}.`;
  throw invalidParameter(verb, 'api-destination', 'ProxyUrl', reason);
}
