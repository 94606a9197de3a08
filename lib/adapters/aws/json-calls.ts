import { Buffer } from 'node:buffer';
import { version } from '../../core/version.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ServiceAnswer, ServiceError } from './service-error.ts';
import { parseAnswer, retryFailureOf, serviceErrorOf } from './service-error.ts';
import type { RetryStrategy, ServiceEndpoint, ServiceSettings } from './service-settings.ts';
import { endpointOf } from './service-settings.ts';
import type { Sign } from './signed-request.ts';
import { createSigner } from './signed-request.ts';
import type { ConnectionLimits } from './undici-connections.ts';
import { UndiciConnections } from './undici-connections.ts';
import { abortErrorOf } from './undici-exchange.ts';

export interface JsonCallsOptions {
  /** The configuration of the AWS client for the same service. */
  readonly settings: ServiceSettings;
  /** `DynamoDB_20120810`, `AmazonSQS` or `secretsmanager` */
  readonly target: string;
  /** Version of the protocol awsJson. Default: 1.0. */
  readonly protocolVersion?: '1.0' | '1.1';
  /** Headers of every request. Names in lower case. Default none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The name or the ARN of the table that all calls are about. Default: no table. */
  readonly resource?: string;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
}

/** Calls an operation. Rejects with the error that the AWS client would reject with. */
export type JsonCall = (
  operation: string,
  input: object,
  signal?: AbortSignal,
) => Promise<Readonly<Record<string, unknown>>>;

/** A difference that can be more than the clock's usual error, so that AWS may refuse signatures. Source: @aws-sdk/core 3.981.0. */
const largeOffsetMs = 240_000;

/** An answer that took longer says nothing about the clock. Source: @aws-sdk/core 3.981.0. */
const longestExchangeMs = 900_000;

/**
 * Calls operations of one AWS service in its protocol awsJson.
 *
 * Performance: an AWS client takes 400 to 500 us of processor time for a call. This takes a quarter, because it makes one signed
 * request and nothing else. It is for the few operations that a worker calls for each batch, and for those that every first delivery
 * of a process needs: what an AWS client runs for its first call takes as long as an empty process.
 *
 * Failure policy: the calls fail and are repeated as those of the AWS client. They take credentials, region, endpoint, retry
 * strategy and clock correction from its configuration. Three things differ. The time limit of an attempt includes the body of
 * the answer, which the AWS client would await for minutes. An answer of more than 2 MiB is refused. And after a timeout, no
 * other connection is used again.
 */
export function createJsonCalls(options: JsonCallsOptions): JsonCall {
  const { settings, clock } = options;
  const connections = new UndiciConnections(options.limits, clock);
  const attempt = createAttempt(options, connections);
  return async (operation, input, signal) => {
    const body = Buffer.from(JSON.stringify(input));
    const strategy = (await settings.retryStrategy()) as RetryStrategy;
    let token = await strategy.acquireInitialRetryToken('');
    for (let attempts = 1; ; attempts += 1) {
      const made = await attempt(operation, body, signal);
      if (made.error === undefined) {
        strategy.recordSuccess(token);
        return made.output;
      }
      const failure = retryFailureOf(made.error, made.answer, clock.nowMs());
      const next = strategy.refreshRetryTokenForRetry(token, failure).catch(() => undefined);
      const refreshed = await unlessAborted(next, signal);
      if (refreshed === undefined) {
        throw Object.assign(made.error, { $metadata: { ...made.error.$metadata, attempts } });
      }
      token = refreshed;
    }
  };
}

type Attempted =
  | { readonly error?: undefined; readonly output: Readonly<Record<string, unknown>> }
  | { readonly error: ServiceError; readonly answer: ServiceAnswer | undefined };

/** The parts that all calls share. */
interface Kept {
  readonly accountId: string | undefined;
  readonly endpoint: ServiceEndpoint;
  readonly correctsClock: boolean;
}

function createAttempt(
  { settings, target, protocolVersion = '1.0', headers: own, resource, clock }: JsonCallsOptions,
  connections: UndiciConnections,
) {
  const sign: Sign = createSigner(settings.defaultSigningName);
  const unsignedHeaders = unsignedHeadersOf();
  let kept: Kept | undefined;

  async function keptFor(accountId: string | undefined): Promise<Kept> {
    if (kept === undefined || kept.accountId !== accountId) {
      const endpoint = await endpointOf(settings, accountId, resource);
      kept = { accountId, endpoint, correctsClock: (await settings.disableClockSkewCorrection?.()) !== true };
    }
    return kept;
  }

  return async (operation: string, body: Buffer, signal: AbortSignal | undefined): Promise<Attempted> => {
    let sent: Sent | undefined;
    let answer: ServiceAnswer | undefined;
    try {
      const credentials = await settings.credentials();
      const { endpoint, correctsClock } = await keptFor(credentials.accountId);
      const { origin, host, path, signingRegion: region } = endpoint;
      sent = { atMs: clock.nowMs(), offsetMs: settings.systemClockOffset, correctsClock };
      const nowMs = correctsClock ? sent.atMs + sent.offsetMs : sent.atMs;
      const unsigned = {
        ...own,
        host,
        'content-type': `application/x-amz-json-${protocolVersion}`,
        'x-amz-target': `${target}.${operation}`,
      };
      const headers = sign({ method: 'POST', path, headers: unsigned, body }, { credentials, region, nowMs });
      answer = await connections.send({ origin, path, headers: { ...headers, ...unsignedHeaders() }, body }, signal);
      if (answer.status >= 300) throw serviceErrorOf(answer);
      const output = parseAnswer(answer);
      correctClock(sent, answer);
      return { output };
    } catch (error) {
      const failed = error as ServiceError;
      if (sent !== undefined && answer !== undefined && correctClock(sent, answer, failed.ServerTime)) {
        failed.$metadata = { ...failed.$metadata, clockSkewCorrected: true };
      }
      return { error: failed, answer };
    }
  };

  /**
   * @param serverTime the time in the members of an error; default: the time in the answer's headers
   * @returns whether the clock was so wrong that AWS may have refused the signature, so that another attempt may help
   */
  function correctClock(sent: Sent, { headers }: ServiceAnswer, serverTime: unknown = headers['date']): boolean {
    const nowMs = clock.nowMs();
    const isUsable = sent.correctsClock && headers['age'] === undefined && nowMs - sent.atMs <= longestExchangeMs;
    const timeMs = isUsable && typeof serverTime === 'string' ? Date.parse(serverTime) : Number.NaN;
    if (!Number.isNaN(timeMs)) settings.systemClockOffset = timeMs - nowMs;
    const offsetMs = settings.systemClockOffset;
    return !Number.isNaN(timeMs) && Math.abs(offsetMs) >= largeOffsetMs && offsetMs !== sent.offsetMs;
  }
}

interface Sent {
  readonly atMs: number;
  readonly offsetMs: number;
  readonly correctsClock: boolean;
}

const userAgent = `lastmile/${version}`;

/** As the AWS client does, calls of a function carry the trace of the invocation. SQS adds it to the messages. */
function unsignedHeadersOf(functionName = process.env['AWS_LAMBDA_FUNCTION_NAME']): () => Record<string, string> {
  const alone = { 'user-agent': userAgent };
  if (functionName === undefined || functionName === '') return () => alone;
  return () => {
    const trace = process.env['_X_AMZN_TRACE_ID'] ?? '';
    return trace === '' ? alone : { ...alone, 'x-amzn-trace-id': trace };
  };
}

function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(abortErrorOf(signal));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}
