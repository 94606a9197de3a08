import { isValid } from '../core/api-key/api-key.ts';
import { apiOf, equalsInConstantTime, parseApiKey } from '../core/api-key/text.ts';
import type { ThrottleState } from '../core/api-key/throttle.ts';
import { requestsPerSecond, throttle } from '../core/api-key/throttle.ts';
import { ServiceError } from '../core/failure/service-error.ts';
import { BoundedMap } from '../core/input/bounded-map.ts';
import { claimsSignature, isApplicable, isSignedWith, parseSignature } from '../core/api-key/sig-v4.ts';
import type { ApiKeyReader, RootSecret } from '../ports/control.ts';
import type { Clock } from '../ports/clock.ts';
import type { Authentication, ControlRequest } from './control-request.ts';
import { signedService } from './control-request.ts';

export interface ApiKeyAuthenticationDependencies {
  readonly apiKeys: ApiKeyReader;
  readonly rootSecret: RootSecret;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Of one key, by this worker. Default: 50. */
  readonly ratePerSecond?: number;
}

const services: ReadonlySet<string> = new Set(['events', 'appsync']);

/** What came with a request and shows itself to be a key of ours, if its secret is the right one. */
interface Claim {
  readonly publicId: string;
  readonly isMadeWith: (secret: string) => boolean;
}

/**
 * A request's API key: whole in the header x-api-key, or as the credentials of a signature, with the public id as access key
 * id and the whole key as secret access key.
 *
 * The secret is checked before the table is asked, so that only who holds a key, or held one, costs a read.
 *
 * Failure policy: keys that are unknown, wrong, expired or deleted, and signatures that are for another time, place or
 * request, get one answer. Without the root secret or the key's record nobody gets in.
 */
export function createApiKeyAuthentication(dependencies: ApiKeyAuthenticationDependencies): Authentication {
  const { apiKeys, rootSecret, clock, ratePerSecond = requestsPerSecond } = dependencies;
  const admit = createThrottles(ratePerSecond);
  return {
    async authenticate(request, { region }) {
      const claim = claimOf(request, region, clock.nowMs());
      const apiId = claim && apiOf(await rootSecret.read(), claim.publicId, claim.isMadeWith);
      if (claim === undefined || apiId === undefined) throw unrecognized();
      const key = await apiKeys.read(apiId, claim.publicId);
      const nowMs = clock.nowMs();
      if (key === undefined || !isValid(key, nowMs)) throw unrecognized();
      admit(claim.publicId, nowMs);
      return { apiId, accessKeyId: claim.publicId };
    },
  };
}

/** @throws ServiceError MissingAuthenticationTokenException when the request carries no credentials at all */
function claimOf(request: ControlRequest, region: string, nowMs: number): Claim | undefined {
  const given = request.headers.get('x-api-key') ?? '';
  if (given !== '') {
    const key = parseApiKey(given);
    return key && { publicId: key.publicId, isMadeWith: (secret) => equalsInConstantTime(secret, key.secret) };
  }
  if (!claimsSignature(request)) {
    const text = 'The request has neither a signature nor the header x-api-key.';
    throw new ServiceError('MissingAuthenticationTokenException', text);
  }
  const signature = parseSignature(request);
  const receiver = { nowMs, region, services };
  if (signature === undefined || !isApplicable(request, signature, receiver)) return undefined;
  // What a request is routed by is what it was signed for.
  if (signedService(request) !== signature.service) return undefined;
  const publicId = signature.accessKeyId;
  return { publicId, isMadeWith: (secret) => isSignedWith(publicId + secret, request, signature) };
}

function unrecognized(): ServiceError {
  const text =
    'The credentials of the request open nothing here: the key is unknown, wrong or expired, or the signature is not one ' +
    'over this request, of the last 5 minutes and for this region and service.';
  return new ServiceError('UnrecognizedClientException', text);
}

/** Keys whose share is remembered: many more than a stack can have. */
const maximumThrottles = 1000;

/** @returns throws ServiceError ThrottlingException when a key has used up its share */
function createThrottles(ratePerSecond: number): (publicId: string, nowMs: number) => void {
  const states = new BoundedMap<string, ThrottleState>(maximumThrottles);
  return (publicId, nowMs) => {
    const result = throttle(states.get(publicId), ratePerSecond, nowMs);
    states.set(publicId, result.state);
    if (result.allowed) return;
    const text = `The key has made more than ${ratePerSecond} requests in a second.`;
    throw new ServiceError('ThrottlingException', text, { retryAfterSeconds: result.retryAfterSeconds });
  };
}
