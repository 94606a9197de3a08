import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { FailureCode } from '../../../../lib/core/failure/failure.ts';
import { type HostileAnswer, hostileAnswers } from '../../../servers/endpoints/hostile-answers.ts';
import { type MisbehavingEndpoint, startMisbehavingEndpoint } from '../../../servers/endpoints/misbehaving-endpoint.ts';
import { useFleet } from './oauth-subjects.ts';

const own = useFleet();
const endpoints: MisbehavingEndpoint[] = [];
afterEach(async () => {
  for (const endpoint of endpoints.splice(0)) await endpoint.close();
});

/** No hostile answer holds a token, so each of them fails. A 4xx refuses the credentials and deauthorizes. */
function codeOf({ outcome, isIncomplete }: HostileAnswer): FailureCode {
  if (typeof outcome === 'string' || outcome >= 500 || isIncomplete) return 'TokenUnavailable';
  return outcome >= 400 ? 'ConnectionDeauthorized' : 'TokenInvalid';
}

describe.each(hostileAnswers)('a token endpoint that sends $answer', (hostile) => {
  const { answer, outcome, lasts, misbehave } = hostile;
  const code = codeOf(hostile);
  test(`the token request fails with ${code} when the token endpoint sends ${answer}`, async () => {
    const endpoint = await startMisbehavingEndpoint(misbehave);
    endpoints.push(endpoint);
    const credentials = { ...own.fleet.credentials, authorizationEndpoint: `${endpoint.origin}/token` };
    const worker = own.fleet.worker({ requestTimeoutMs: lasts ? 200 : 10_000 });
    const failure: unknown = await worker
      .tokenFor(own.fleet.connection, credentials, { signal: own.fleet.signal })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'Failure', code });
    expect(inspect(failure, { depth: 20 })).not.toMatch(/canary|169\.254|xxxx/);
    expect(endpoint.requestCount()).toBe(1);
    if (typeof outcome === 'string') await endpoint.allClosed();
    const state = (await own.fleet.connections.read(own.fleet.connection.name))?.state;
    expect(state).toBe(outcome === 422 ? 'DEAUTHORIZED' : 'AUTHORIZED');
  });
});
