import { isApplicable, isSignedWith, parseSignature } from '../../core/api-key/sig-v4.ts';
import { ServiceError } from '../../core/failure/service-error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Authentication, ControlRequest } from '../../protocol/control-request.ts';
import { ownerId } from './owner-key.ts';
import type { Route } from './routes.ts';
import type { LocalRequest } from './wire.ts';
import { Refusal } from './wire.ts';

/** The services for which a request to the stack may be signed. `lastmile` is for the stack's own paths. */
export const signedServices: ReadonlySet<string> = new Set([
  'events',
  'appsync',
  'dynamodb',
  'sqs',
  'secretsmanager',
  'lambda',
  'sts',
  'lastmile',
]);

/** The services that check each operation themselves, because a key of the API `events` may perform one of theirs. */
const checkThemselves: ReadonlySet<string> = new Set(['events', 'appsync']);

export function asControlRequest({ method, path, query, headers, body }: LocalRequest): ControlRequest {
  return { method, path, query, headers: new Map(Object.entries(headers)), body };
}

function isSignedBy(secret: string, request: ControlRequest, region: string, nowMs: number): boolean {
  const signature = parseSignature(request);
  if (signature === undefined || !isApplicable(request, signature, { nowMs, region, services: signedServices }))
    return false;
  return isSignedWith(secret, request, signature);
}

/** Accepts the key of the stack's owner as a key of the API `control`, and API keys. */
export function orOwner(apiKeys: Authentication, ownerSecret: string, clock: Pick<Clock, 'nowMs'>): Authentication {
  return {
    async authenticate(request, context) {
      const isOwner = parseSignature(request)?.accessKeyId === ownerId;
      if (isOwner && isSignedBy(ownerSecret, request, context.region, clock.nowMs()))
        return { apiId: 'control', accessKeyId: ownerId };
      return await apiKeys.authenticate(request, context);
    },
  };
}

/**
 * Checks who calls a service that has no check of its own: one of the stack's functions, or somebody with a key of the API
 * `control`. The returned function throws Refusal.
 */
export function createCallerCheck(
  authentication: Authentication,
  functionSecret: string,
  clock: Pick<Clock, 'nowMs'>,
): (request: LocalRequest) => Promise<void> {
  return async (request) => {
    const asked = asControlRequest(request);
    if (isSignedBy(functionSecret, asked, request.region, clock.nowMs())) return;
    const apiId = await apiOf(authentication, asked, request.region);
    if (apiId === 'control') return;
    const text = "A key of the API 'events' may only put events. Use a key of the API 'control'.";
    throw new Refusal('AccessDeniedException', text, 403);
  };
}

async function apiOf(authentication: Authentication, asked: ControlRequest, region: string): Promise<string> {
  try {
    return (await authentication.authenticate(asked, { region })).apiId;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new Refusal(error.code, error.message, error.code === 'ThrottlingException' ? 429 : 403);
  }
}

/** The routes of a stack with `--auth`. */
export function checkCallers(
  routes: readonly Route[],
  check: (request: LocalRequest) => Promise<void>,
): readonly Route[] {
  return routes.map((route) => ({
    ...route,
    async serve(request) {
      if (!checkThemselves.has(route.service)) await check(request);
      return await route.serve(request);
    },
  }));
}
