import { createServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../lib/core/failure/failure.ts';
import { makeTlsCertificate } from '../../servers/endpoints/tls-certificate.ts';
import { httpExchanges } from '../../contract/http/http-exchanges.ts';
import { atOnce, createOutcomeStory, event, type OutcomeOptions, wait } from './outcome-story.ts';

const exchanges = httpExchanges();

const say = (text: string) => (socket: Socket) => socket.write(text);
const sayAndEnd = (text: string) => (socket: Socket) => socket.end(text);
const sayAndReset = (text: string) => (socket: Socket) =>
  socket.write(text, () => setImmediate(() => socket.resetAndDestroy()));
const resetAtOnce = (socket: Socket) => socket.resetAndDestroy();

/** A URL whose port was free a moment ago, so that the system refuses connections to it. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const behaving = (misbehave: (socket: Socket) => unknown) => async () =>
  (await exchanges.misbehaving((socket) => void misbehave(socket))).origin;

type Surroundings = Omit<OutcomeOptions, 'random'>;

interface Row {
  /** Follows "an event" in a test's name. */
  readonly failure: string;
  readonly code: string;
  readonly errorCode: 'CONNECTION_FAILURE' | 'TIMEOUT';
  /** Starts a server if the failure needs one, and returns the settings that cause the failure. */
  surround(): Promise<Surroundings>;
}

const shortMs = 50;

function row(failure: string, code: string, origin: () => Promise<string>, more: Partial<Surroundings> = {}): Row {
  const errorCode = code === 'TimedOut' ? 'TIMEOUT' : 'CONNECTION_FAILURE';
  return { failure, code, errorCode, surround: async () => ({ origin: await origin(), ...more }) };
}

const trusted = makeTlsCertificate(Date.now());

const rows: readonly Row[] = [
  row('whose endpoint refuses the connection', 'ConnectionRefused', closedPort),
  row('whose endpoint has an untrusted certificate', 'TlsFailed', async () => {
    const endpoint = await exchanges.misbehaving(say('HTTP/1.1 200 OK\r\n\r\n'), makeTlsCertificate(Date.now()));
    return endpoint.origin;
  }),
  row(
    'whose endpoint has a certificate for another host',
    'TlsFailed',
    async () => {
      const endpoint = await exchanges.misbehaving(say('HTTP/1.1 200 OK\r\n\r\n'), trusted);
      return endpoint.origin.replace('127.0.0.1', 'localhost');
    },
    { client: { connectOptions: () => ({ ca: trusted.certificate }) } },
  ),
  row('whose endpoint does not support TLS', 'TlsFailed', async () =>
    (await exchanges.endpoint()).origin.replace('http:', 'https:'),
  ),
  row('whose connection is reset before the answer', 'ConnectionReset', behaving(resetAtOnce)),
  row('whose connection is closed before the answer', 'ConnectionReset', behaving(sayAndEnd(''))),
  row(
    'whose connection is reset within the head of the answer',
    'AnswerInvalid',
    behaving(sayAndReset('HTTP/1.1 200 OK\r\ncontent-')),
  ),
  row(
    'whose connection is closed within the head of the answer',
    'AnswerInvalid',
    behaving(sayAndEnd('HTTP/1.1 200 OK\r\ncontent-')),
  ),
  row(
    'whose connection is reset within the body of a 422',
    'AnswerInvalid',
    behaving(sayAndReset('HTTP/1.1 422 No\r\ncontent-length: 9\r\n\r\nhalf')),
  ),
  row(
    'whose connection is closed within the body of a 422',
    'AnswerInvalid',
    behaving(sayAndEnd('HTTP/1.1 422 No\r\ncontent-length: 9\r\n\r\nhalf')),
  ),
  row(
    'whose endpoint gives an answer that is not HTTP',
    'AnswerInvalid',
    behaving(say('220 smtp.example.com ESMTP\r\n')),
  ),
  row('whose endpoint does not answer in time', 'TimedOut', behaving(say('')), { timeoutMs: shortMs }),
  row('whose endpoint sends only half a head in time', 'TimedOut', behaving(say('HTTP/1.1 200 OK\r\n')), {
    timeoutMs: shortMs,
  }),
  row(
    'whose endpoint sends only half the body of a 422 in time',
    'TimedOut',
    behaving(say('HTTP/1.1 422 No\r\ncontent-length: 9\r\n\r\nhalf')),
    {
      timeoutMs: shortMs,
    },
  ),
  row(
    'whose endpoint sends only an informational answer in time',
    'TimedOut',
    behaving(say('HTTP/1.1 103 Early Hints\r\n\r\n')),
    {
      timeoutMs: shortMs,
    },
  ),
];

describe.each(rows)('an event $failure', ({ failure, code, errorCode, surround }) => {
  async function begin(random: OutcomeOptions['random']) {
    const story = createOutcomeStory({ ...(await surround()), random });
    return story;
  }

  test(`an event ${failure} fails with ${code} and goes to the delivery queue for a retry`, async () => {
    const story = await begin(wait);
    const conclusion = await story.deliver('orders');
    const notBeforeMs = story.clock.nowMs() + 9990;
    expect(conclusion).toMatchObject({ settlement: { kind: 'deferred', notBeforeMs }, code, attempts: 1 });
    expect(conclusion).not.toHaveProperty('status');
    expect(story.queue.sent).toMatchObject([{ queued: { notBeforeMs, delivery: { attempts: 1 } } }]);
    expect(story.deadLetters.letters).toEqual([]);
    await story.close();
  });

  test(`an event ${failure} is dead-lettered with the ERROR_CODE ${errorCode} after its last retry`, async () => {
    const story = await begin(atOnce);
    expect(await story.deliverUntilSettled('orders', { RetryPolicy: { MaximumRetryAttempts: 1 } })).toMatchObject([
      { settlement: { kind: 'deferred', notBeforeMs: story.clock.nowMs() }, code, attempts: 1 },
      { settlement: { kind: 'dead-lettered' }, code, attempts: 2 },
    ]);
    expect(story.queue.sent).toMatchObject([{ queued: { delivery: { attempts: 1 } } }]);
    expect(story.lastDeadLetter()).toMatchObject({
      body: JSON.stringify(event),
      ERROR_CODE: errorCode,
      ERROR_MESSAGE: expect.stringMatching(new RegExp(`^${code}: `)),
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '1',
      LASTMILE: { code, apiDestination: 'orders' },
    });
    await story.close();
  });
});

const half = 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf';

test.each([
  ['the connection is reset within its body', sayAndReset(half)],
  ['the connection is closed within its body', sayAndEnd(half)],
  [
    'the connection is closed within its chunked body',
    sayAndEnd('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
  ],
  ['only half its body comes in time', say(half)],
])('an event that the endpoint answers with a 200 is delivered even if %s', async (_, misbehave) => {
  const story = createOutcomeStory({ origin: await behaving(misbehave)(), timeoutMs: shortMs, random: wait });
  expect(await story.deliver('orders')).toMatchObject({ settlement: { kind: 'delivered' }, status: 200, attempts: 1 });
  await story.close();
});

describe('a name without an address', () => {
  const origin = 'https://endpoint.test';
  const resolveName = () => Promise.reject(new Failure('DnsFailed', 'No address was found for endpoint.test.'));

  test.each([
    ['the longest', wait],
    ['no', atOnce],
  ])('a failed DNS look-up is retried with %s backoff, and does not count as an attempt', async (_backoff, random) => {
    const story = createOutcomeStory({ origin, random, client: { resolveName } });
    const conclusion = await story.deliver('orders', { RetryPolicy: { MaximumRetryAttempts: 0 } });
    expect(conclusion).toMatchObject({ settlement: { kind: 'deferred' }, code: 'DnsFailed', attempts: 0 });
    expect(story.queue.sent).toMatchObject([{ queued: { delivery: { attempts: 0, postponements: 1 } } }]);
    expect(story.deadLetters.letters).toEqual([]);
    await story.close();
  });
});

describe('an unusual status', () => {
  test.each([101, 600, 999])(
    'an event without retries is dead-lettered when its endpoint answers with the status %d',
    async (status) => {
      const origin = await behaving(say(`HTTP/1.1 ${status} What\r\ncontent-length: 0\r\n\r\n`))();
      const story = createOutcomeStory({ origin, random: wait });
      const { settlement } = await story.deliver('orders', { RetryPolicy: { MaximumRetryAttempts: 0 } });
      expect(settlement.kind).toBe('dead-lettered');
      await story.close();
    },
  );

  test('an event is delivered when the endpoint sends an informational answer before a 204', async () => {
    const origin = await behaving(say('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'))();
    const story = createOutcomeStory({ origin, random: wait });
    expect(await story.deliver('orders')).toMatchObject({ settlement: { kind: 'delivered' }, status: 204 });
    await story.close();
  });
});
