import { isValid } from '../core/api-key/api-key.ts';
import { apiOf, equalsInConstantTime, parseApiKey } from '../core/api-key/text.ts';
import type { ThrottleState } from '../core/api-key/throttle.ts';
import { requestsPerSecond, throttle } from '../core/api-key/throttle.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import { BoundedMap } from '../core/input/bounded-map.ts';
import type { Receiver } from '../core/api-key/sig-v4.ts';
import { claimsSignature, isApplicable, isSignedWith, parseSignature } from '../core/api-key/sig-v4.ts';
import type { ApiKeyReader, RootSecret } from '../ports/control.ts';
import type { Clock } from '../ports/clock.ts';
import type { Authentication, ControlRequest } from './control-request.ts';
import { signedService } from './control-request.ts';

export interface ApiKeyAuthenticationDependencies {
  readonly apiKeys: ApiKeyReader;
  readonly rootSecret: RootSecret;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** How many requests a second this worker allows for one key. Default: 50. */
  readonly ratePerSecond?: number;
  /** The services for which a signature may be. Default: those of the control API. */
  readonly services?: ReadonlySet<string>;
  /** Called for each request that is refused for its credentials, with the key's public id if the request names one. Must not throw. */
  readonly onRefusal?: (publicId: string | undefined) => void;
}

/**
 * How many refused requests of one public id a second get the ordinary refusal. A request with the right secret is never slowed by
 * others that were wrong, because otherwise anybody who knows a public id could lock its owner out.
 */
const failuresPerSecond = 20;

const controlServices: ReadonlySet<string> = new Set(['events', 'appsync']);

/** The public id in a request, and a check of whether the request was made with the secret of that id. */
interface Claim {
  readonly publicId: string;
  readonly isMadeWith: (secret: string) => boolean;
}

/**
 * Authenticates a request by its API key. The whole key is in the header x-api-key, or a signature uses the public id as
 * access key id and the whole key as secret access key.
 *
 * The secret is checked before the table is read, so that only somebody who has a key, or once had one, can cause a read.
 *
 * Failure policy: every key that is unknown, wrong, expired or deleted gets the same answer, and so does every signature for
 * another time, region, service or request. If the root secret or the key's record cannot be read, the request is refused.
 */
export function createApiKeyAuthentication(dependencies: ApiKeyAuthenticationDependencies): Authentication {
  const { apiKeys, rootSecret, clock, ratePerSecond = requestsPerSecond, services = controlServices } = dependencies;
  const admit = createThrottles(
    ratePerSecond,
    `The API key has made more than ${ratePerSecond} requests in one second.`,
  );
  const slowDown = createThrottles(failuresPerSecond, 'Too many requests with this key were refused.');

  function refusal(publicId: string | undefined): ServiceError {
    dependencies.onRefusal?.(publicId);
    slowDown(publicId ?? '', clock.nowMs());
    return unrecognized();
  }

  return {
    async authenticate(request, { region }) {
      const claim = claimOf(request, { nowMs: clock.nowMs(), region, services });
      const apiId = claim && apiOf(await rootSecret.read(), claim.publicId, claim.isMadeWith);
      if (claim === undefined || apiId === undefined) throw refusal(claim?.publicId);
      const key = await apiKeys.read(apiId, claim.publicId);
      const nowMs = clock.nowMs();
      if (key === undefined || !isValid(key, nowMs)) throw refusal(claim.publicId);
      admit(claim.publicId, nowMs);
      return { apiId, accessKeyId: claim.publicId };
    },
  };
}

/** @throws ServiceError MissingAuthenticationTokenException when the request carries no credentials at all */
function claimOf(request: ControlRequest, receiver: Receiver): Claim | undefined {
  const given = request.headers.get('x-api-key') ?? '';
  if (given !== '') {
    const key = parseApiKey(given);
    return key && { publicId: key.publicId, isMadeWith: (secret) => equalsInConstantTime(secret, key.secret) };
  }
  if (!claimsSignature(request)) {
    const text =
      'The request has neither a signature nor the header x-api-key. Make an API key with: npx lastmile keys create --api control';
    throw new ServiceError('MissingAuthenticationTokenException', text);
  }
  const signature = parseSignature(request);
  if (signature === undefined || !isApplicable(request, signature, receiver)) return undefined;
  // Routing reads the service with `signedService`, which must find the service that the signature is for.
  if (signedService(request) !== signature.service) return undefined;
  const publicId = signature.accessKeyId;
  return { publicId, isMadeWith: (secret) => isSignedWith(publicId + secret, request, signature) };
}

function unrecognized(): ServiceError {
  const text =
    'The credentials of the request are not valid: the API key is unknown, wrong or expired, or the signature does not ' +
    'match this request, is more than 5 minutes old, or is for another region or service. Make an API key with: ' +
    'npx lastmile keys create --api control';
  return new ServiceError('UnrecognizedClientException', text);
}

/** Requests are counted for at most this many keys, which is far more than a stack can have. */
const maximumThrottles = 1000;

/** The returned function throws ServiceError ThrottlingException when a key has made too many requests. */
function createThrottles(ratePerSecond: number, reason: string): (publicId: string, nowMs: number) => void {
  const states = new BoundedMap<string, ThrottleState>(maximumThrottles);
  return (publicId, nowMs) => {
    const result = throttle(states.get(publicId), ratePerSecond, nowMs);
    states.set(publicId, result.state);
    if (result.allowed) return;
    throw new ServiceError('ThrottlingException', `${reason} Wait and try again.`, {
      retryAfterSeconds: result.retryAfterSeconds,
    });
  };
}
