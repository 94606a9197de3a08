import { randomUUID } from 'node:crypto';
import type { Clock } from '../../ports/clock.ts';
import type { Authentication } from '../../protocol/control-request.ts';
import { PerRegion } from '../stack/per-region.ts';
import type { LocalAnswer, LocalRequest, LocalService } from '../stack/wire.ts';
import { Refusal } from '../stack/wire.ts';
import type { FunctionDependencies } from './function-instances.ts';
import type { FunctionRunner, InvocationOutcome } from './function-runner.ts';

export interface FunctionUrlOptions {
  readonly runner: FunctionRunner;
  readonly functionName: string;
  readonly clock: Clock;
  /** Reports a failure of the function. The caller of the function sees only an InternalFailure. */
  readonly reportFailure: (outcome: InvocationOutcome) => void;
}

/** Invokes a function as its function URL does. Source: the Lambda developer guide, payload format 2.0. */
export function createFunctionUrlService(options: FunctionUrlOptions): LocalService {
  return async (request) => {
    const requestId = randomUUID();
    const event = functionUrlEvent(request, requestId, options.clock.nowMs());
    const outcome = await options.runner.run(options.functionName, request.region, event, { requestId });
    if (outcome.error !== undefined) {
      options.reportFailure(outcome);
      throw new Refusal(
        'InternalFailure',
        'The function failed. The terminal output of the local stack shows where.',
        500,
      );
    }
    return answerFrom(outcome.payload);
  };
}

function functionUrlEvent(request: LocalRequest, requestId: string, nowMs: number): object {
  const { method, path, query, headers, host, sourceAddress } = request;
  const domainName = host.replace(/:[0-9]+$/, '');
  const cookies = headers['cookie']?.split('; ');
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    ...(cookies === undefined ? {} : { cookies }),
    headers,
    ...(query === '' ? {} : { queryStringParameters: queryParameters(query) }),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName,
      domainPrefix: 'local',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: sourceAddress, userAgent: headers['user-agent'] ?? '' },
      requestId,
      routeKey: '$default',
      stage: '$default',
      time: commonLogTime(nowMs),
      timeEpoch: nowMs,
    },
    ...(request.body.length === 0 ? {} : { body: request.body.toString('base64') }),
    isBase64Encoded: request.body.length > 0,
  };
}

/** If a name occurs more than once, its values are joined by commas. */
function queryParameters(query: string): Record<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = parameters.get(name);
    parameters.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(parameters);
}

/** Formats a time such as `12/Mar/2026:19:03:58 +0000`. */
function commonLogTime(nowMs: number): string {
  const [, day, month, year, time] = new Date(nowMs).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}

interface FunctionUrlAnswer {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** A result without a status code is sent as the JSON body of a 200 answer. */
function answerFrom(payload: string): LocalAnswer {
  const answer = JSON.parse(payload) as FunctionUrlAnswer | null;
  if (typeof answer?.statusCode !== 'number') {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: payload };
  }
  const { statusCode, headers = {}, cookies, body = '', isBase64Encoded } = answer;
  const lowerCased = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
  return {
    status: statusCode,
    headers: {
      ...(Object.fromEntries(lowerCased) as Record<string, string>),
      ...(cookies === undefined ? {} : { 'set-cookie': cookies.join(', ') }),
    },
    body: isBase64Encoded === true ? Buffer.from(body, 'base64') : body,
  };
}

/**
 * The same authentication as when deployed. There is one for each region, loaded at the region's first request.
 *
 * @param limits differ for services that are not part of the control API
 */
export function createRegionalAuthentication(
  dependencies: (name: string, region: string) => FunctionDependencies,
  clock: Clock,
  limits: {
    readonly services?: ReadonlySet<string>;
    readonly ratePerSecond?: number;
    readonly onRefusal?: (publicId: string | undefined) => void;
  } = {},
): Authentication {
  const regional = new PerRegion(async (region) => {
    const { authenticationFrom } = await import('../../../functions/authentication.ts');
    const { environment, aws } = dependencies('control-api', region);
    return authenticationFrom(environment, aws, clock, limits);
  });
  return {
    async authenticate(request, context) {
      return await (await regional.get(context.region)).authenticate(request, context);
    },
  };
}
