import { inspect } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { everyClient } from '../../../lib/adapters/aws/clients.ts';
import { createClientTableCalls } from '../../../lib/adapters/dynamodb/client-table-calls.ts';
import { createSignedTableCalls } from '../../../lib/adapters/dynamodb/table-calls.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';
import { startScriptedService } from '../../servers/aws/scripted-service.ts';
import {
  clientFor,
  comparable,
  get,
  item,
  outcomeOf,
  refusal,
  refusalOf,
  signedCalls,
  signedCallsOf,
  success,
  tableName,
  theService,
  timeOf,
  useService,
} from './signed-call-subjects.ts';

useService();

describe('time limits', () => {
  test('a service that never answers ends three attempts of the client and of the signed calls with TimeoutError', async () => {
    const service = await startScriptedService();
    onTestFinished(() => service.stop());
    service.follow('silent');
    const client = clientFor(service.endpoint, 30);
    const byClient = await outcomeOf(createClientTableCalls(client));
    client.destroy();
    const signed = await outcomeOf(signedCalls({ requestTimeoutMs: 30, endpoint: service.endpoint }));
    expect(comparable(signed)).toEqual(comparable(byClient));
    expect(signed).toMatchObject({ error: 'TimeoutError', attempts: 3, handledAs: 'StoreUnavailable' });
  });

  test('after a call without an answer, the next one does not use another kept connection', async () => {
    const calls = signedCalls();
    theService().follow(success);
    await Promise.all([outcomeOf(calls), outcomeOf(calls)]);
    const kept = [...theService().clientPorts];
    theService().follow('silent', success);
    const given = new AbortController();
    const silent = calls.getItem(get, given.signal).catch((error: unknown) => error);
    await vi.waitFor(() => expect(theService().requests).toHaveLength(1));
    given.abort();
    await silent;
    expect(await outcomeOf(calls)).toMatchObject({ output: item });
    const [first, next] = theService().clientPorts;
    expect(kept).toContain(first);
    expect(kept).not.toContain(next);
  });

  test('a call ends with AbortError when its caller gives up, and is not repeated', async () => {
    theService().follow('silent');
    const given = new AbortController();
    const call = signedCalls().getItem(get, given.signal);
    await vi.waitFor(() => expect(theService().requests).toHaveLength(1));
    given.abort(new Error('enough'));
    await expect(call).rejects.toMatchObject({ name: 'AbortError', cause: new Error('enough') });
    expect(theService().requests).toHaveLength(1);
  });

  test('a call whose caller has given up before sends nothing', async () => {
    theService().follow(success);
    const error = await signedCalls()
      .getItem(get, AbortSignal.abort())
      .catch((failed: unknown) => failed);
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(theService().requests).toHaveLength(0);
  });

  test('a refused connection ends three attempts with ECONNREFUSED, as with the AWS client', async () => {
    const nowhere = 'http://127.0.0.1:1';
    theService().follow();
    const client = await outcomeOf(createClientTableCalls(clientFor(nowhere)));
    const signed = await outcomeOf(createSignedTableCalls(clientFor(nowhere).config, tableName, systemClock));
    expect(comparable(signed)).toEqual(comparable(client));
    expect(signed).toMatchObject({ attempts: 3, handledAs: 'StoreUnavailable' });
  });
});

describe('a frozen worker', () => {
  test('a connection that was kept for an hour is not used again', async () => {
    const clock = createManualClock();
    const calls = signedCalls({ clock });
    theService().follow(success);
    for (let number = 0; number < 3; number += 1) await outcomeOf(calls);
    // undici frees a connection only after the next turn of the event loop, so the calls use two of them.
    expect(new Set(theService().clientPorts).size).toBeLessThan(3);
    const kept = [...theService().clientPorts];
    clock.set(clock.nowMs() + 3_600_000);
    await outcomeOf(calls);
    expect(kept).not.toContain(theService().clientPorts.at(-1));
  });
});

describe('the clock', () => {
  test.each([
    ['an hour behind', 3_600_000],
    ['an hour ahead', -3_600_000],
  ])('with a clock that is %s, the second attempt of both has the time of the service', async (_how, aheadMs) => {
    const date = new Date(Date.now() + aheadMs).toUTCString();
    const skewed = refusalOf('InvalidSignatureException', { date });
    for (const open of [(settings: DynamoDBClient) => createClientTableCalls(settings), signedCallsOf]) {
      const client = clientFor(theService().endpoint);
      theService().follow(skewed, { ...success, headers: { date } });
      expect(await outcomeOf(open(client))).toMatchObject({ output: item, requests: 2 });
      const [, corrected] = theService().requests.map(({ 'x-amz-date': signedAt }) => timeOf(String(signedAt)));
      expect(Math.abs((corrected ?? 0) - Date.parse(date))).toBeLessThan(240_000);
      client.destroy();
    }
  });

  test('the clock of the client is corrected together with that of the signed calls', async () => {
    const client = clientFor(theService().endpoint);
    theService().follow({ ...success, headers: { date: new Date(Date.now() + 3_600_000).toUTCString() } });
    await outcomeOf(signedCallsOf(client));
    expect(Math.round(client.config.systemClockOffset / 60_000)).toBe(60);
  });
});

test('in a function, both ways to call send the trace of the invocation, so that the messages of SQS carry it', async () => {
  const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'deliver').stubEnv('_X_AMZN_TRACE_ID', trace);
  onTestFinished(() => void vi.unstubAllEnvs());
  const client = clientFor(theService().endpoint);
  for (const calls of [createClientTableCalls(client), signedCallsOf(client)]) {
    theService().follow(success);
    await outcomeOf(calls);
    expect(theService().requests).toMatchObject([{ 'x-amzn-trace-id': trace }]);
  }
  client.destroy();
});

describe('credentials', () => {
  test.each([
    ['the AWS client', (client: DynamoDBClient) => createClientTableCalls(client)],
    ['the signed calls', signedCallsOf],
  ])('a call of %s after ExpiredTokenException has the credentials that were rotated since', async (_name, open) => {
    let current = 'old';
    const client = new DynamoDBClient({
      ...everyClient,
      region: 'eu-west-1',
      endpoint: theService().endpoint,
      // Credentials that expire soon are asked for again by every call.
      credentials: async () => ({
        accessKeyId: `${current}-key`,
        secretAccessKey: 's',
        sessionToken: current,
        expiration: new Date(0),
      }),
    });
    const calls = open(client);
    theService().follow(refusal('ExpiredTokenException'), success);
    expect(await outcomeOf(calls)).toMatchObject({
      error: 'ExpiredTokenException',
      attempts: 1,
      handledAs: 'StoreRefused',
    });
    current = 'new';
    expect(await outcomeOf(calls)).toEqual({ output: item, requests: 2 });
    const sent = theService().requests.map(({ 'x-amz-security-token': token, authorization = '' }) => [
      token,
      /Credential=([a-z]+-key)/.exec(authorization)?.[1],
    ]);
    expect(sent).toEqual([
      ['old', 'old-key'],
      ['new', 'new-key'],
    ]);
    client.destroy();
  });

  test('no error shows a secret access key, a session token or a signature', async () => {
    const client = new DynamoDBClient({
      ...everyClient,
      region: 'eu-west-1',
      endpoint: theService().endpoint,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'the-secret', sessionToken: 'the-token' },
    });
    for (const reaction of [
      'reset',
      'not HTTP',
      'closed in the answer',
      refusal('SomethingNew'),
      { status: 400, body: '<' },
    ] as const) {
      theService().follow(reaction);
      const error: unknown = await signedCallsOf(client)
        .getItem(get, new AbortController().signal)
        .catch((failed: unknown) => failed);
      const shown = inspect(error, { depth: 10, showHidden: true });
      expect(shown).not.toMatch(/the-secret|the-token|Signature=/);
    }
  });
});
