import type { Connection } from '../../core/destination/connection.ts';
import { authorizingForMs, namedSecretArn } from '../../core/destination/connection.ts';
import type { OAuthCredentials } from '../../core/destination/connection-secret.ts';
import { parseConnectionSecret } from '../../core/destination/connection-secret.ts';
import type { FailureCode } from '../../core/failure/failure.ts';
import { Failure } from '../../core/failure/failure.ts';
import { isJsonObject } from '../../core/input/json.ts';
import { MemberReader } from '../../core/input/member-reader.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConnectionLog } from '../../ports/metrics.ts';
import type { ConnectionStates } from '../../ports/token.ts';
import type { DeliveryConfiguration, SecretReader } from '../../ports/delivery.ts';
import { createConnectionSecrets } from '../route/connection-secrets.ts';
import type { OAuthTokens } from './tokens.ts';

export interface ConnectionAuthorizationDependencies {
  readonly configuration: Pick<DeliveryConfiguration, 'readConnection'>;
  readonly secrets: SecretReader;
  readonly tokens: OAuthTokens;
  readonly states: ConnectionStates;
  readonly connectionLog: Pick<ConnectionLog, 'tokenFailed'>;
  readonly clock: Clock;
}

export interface ConnectionAuthorization {
  readonly connection: string;
  /** `unchanged`: the connection needed no change, or another invocation has made it. */
  readonly outcome: 'authorized' | 'deauthorized' | 'unchanged';
}

/** @param input `{ name, incarnation }` */
export type AuthorizeConnection = (input: unknown, signal: AbortSignal) => Promise<ConnectionAuthorization>;

/**
 * When a connection has been AUTHORIZING for this long, the invocation is its last attempt. Lambda repeats a failed
 * asynchronous invocation after one minute, and again after two more. So the attempts begin at 0, 60 and 180 s, and this time
 * lies between the last two. Source: the Lambda developer guide, asynchronous invocation.
 */
const lastAttemptAgeMs = 150_000;

/** The waits before the second and the third attempt. The first one has ended before this age of the connection. */
const retryDelaysMs = { first: 60_000, second: 120_000 };
const firstAttemptAgeMs = 45_000;

/** Source: shape ConnectionStateReason of the EventBridge service model. */
const longestStateReason = 512;

/**
 * The failures after which the last attempt deauthorizes the connection: failures of the token endpoint, and a secret that
 * cannot be used.
 */
const endingFailures: ReadonlySet<FailureCode> = new Set([
  'TokenUnavailable',
  'TokenInvalid',
  'AddressRefused',
  'InvalidSecret',
  'OutOfTime',
]);

/**
 * Takes an AUTHORIZING connection to AUTHORIZED or DEAUTHORIZED by obtaining its first token.
 *
 * Failure policy: an invocation does not know whether it is the last of three, so the time since the connection became
 * AUTHORIZING decides. If invocations were delayed, an earlier attempt counts as the last one. A connection whose endpoint
 * could not be reached is then deauthorized too early, and an update of its credentials repairs it. If the last attempt never
 * runs, the connection stays AUTHORIZING, and its deliveries obtain the token. While the stack's own stores cannot be reached,
 * the state stays as it is.
 *
 * @throws Failure InvalidInvocation that names the member when the input is not valid; otherwise the reason why there
 * is no token, so that the invocation fails and is repeated
 */
export function createConnectionAuthorization(dependencies: ConnectionAuthorizationDependencies): AuthorizeConnection {
  const { configuration, tokens, states, connectionLog, clock } = dependencies;
  // An invocation reads the stores and never a cache.
  const cache = { freshMs: 0, staleMs: 0, capacity: 1 };
  const connectionSecrets = createConnectionSecrets({ ...dependencies, cache });

  async function obtainToken(connection: Connection, signal: AbortSignal): Promise<'authorized' | 'deauthorized'> {
    try {
      const credentials = await readCredentials(dependencies.secrets, connection);
      await tokens.tokenFor(connection, credentials, { signal, justRead: true, isAuthorization: true });
      return 'authorized';
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'ConnectionDeauthorized') throw error;
      connectionLog.tokenFailed({ connection: connection.name, code: 'TokenRefused', reason: causeOf(error).message });
      return 'deauthorized';
    }
  }

  async function giveUp(connection: Connection, failure: Failure): Promise<'deauthorized' | 'unchanged'> {
    const { name, incarnation, secretVersion = '' } = connection;
    const stateReason = `No token could be obtained. ${failure.message}`.slice(0, longestStateReason);
    const nowMs = clock.nowMs();
    const change = { name, incarnation, secretVersion, state: 'DEAUTHORIZED' as const, stateReason, nowMs };
    return (await states.change(change)) ? 'deauthorized' : 'unchanged';
  }

  /** Tells the owner of the connection why there is no token yet, and when the next attempt is. */
  async function report(connection: Connection, failure: Failure): Promise<void> {
    const { name, incarnation, secretVersion = '' } = connection;
    const nowMs = clock.nowMs();
    const { first, second } = retryDelaysMs;
    const nextTryAtMs = nowMs + (authorizingForMs(connection, nowMs) < firstAttemptAgeMs ? first : second);
    connectionLog.tokenFailed({ connection: name, code: failure.code, reason: failure.message, nextTryAtMs });
    const next = `The next try is at ${new Date(nextTryAtMs).toISOString().slice(0, 19)}Z.`;
    const stateReason = `${failure.message.slice(0, longestStateReason - next.length - 1)} ${next}`;
    await states.noteReason({ name, incarnation, secretVersion, stateReason });
  }

  return async (input, signal) => {
    const { name, incarnation } = parseInput(input);
    const read = () => configuration.readConnection(name);
    let connection = await read();
    if (connection?.incarnation !== incarnation || connection.state !== 'AUTHORIZING') {
      return { connection: name, outcome: 'unchanged' };
    }
    try {
      // This read also stores the secret's current version in the connection. So a failure is recorded for the version that was
      // used.
      if (namedSecretArn(connection) !== undefined) ({ connection } = await connectionSecrets.fresh(connection, read));
      return { connection: name, outcome: await obtainToken(connection, signal) };
    } catch (error) {
      const isLast = authorizingForMs(connection, clock.nowMs()) >= lastAttemptAgeMs;
      if (!(error instanceof Failure) || !endingFailures.has(error.code)) throw error;
      if (!isLast) {
        // The reason matters more than a table that cannot be written.
        await report(connection, error).catch(() => undefined);
        throw error;
      }
      connectionLog.tokenFailed({ connection: name, code: error.code, reason: error.message });
      return { connection: name, outcome: await giveUp(connection, error) };
    }
  };
}

function causeOf(failure: Failure): Failure {
  return failure.cause instanceof Failure ? failure.cause : failure;
}

function parseInput(input: unknown): { readonly name: string; readonly incarnation: string } {
  if (!isJsonObject(input)) throw new Failure('InvalidInvocation', 'The input is not a JSON object.');
  const members = new MemberReader(input, '', 'InvalidInvocation');
  return { name: members.text('name', { min: 1 }), incarnation: members.text('incarnation', { min: 1 }) };
}

async function readCredentials(secrets: SecretReader, connection: Connection): Promise<OAuthCredentials> {
  const { name, secretArn, secretVersion } = connection;
  const secret =
    secretArn === undefined || secretVersion === undefined ? undefined : await secrets.read(secretArn, secretVersion);
  if (secret === undefined) throw new Failure('SecretNotFound', `The secret of connection '${name}' does not exist.`);
  const { credentials } = parseConnectionSecret(secret.text);
  if (credentials.authorizationType === 'OAUTH_CLIENT_CREDENTIALS') return credentials;
  throw new Failure('InvalidSecret', `The secret of connection '${name}' holds no OAuth client credentials.`);
}
