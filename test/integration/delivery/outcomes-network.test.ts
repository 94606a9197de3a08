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

/** A port on which a server has just stopped listening. */
async function nobody(): Promise<string> {
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
  row('a connection that is refused', 'ConnectionRefused', nobody),
  row('a certificate that nobody trusts', 'TlsFailed', async () => {
    const endpoint = await exchanges.misbehaving(say('HTTP/1.1 200 OK\r\n\r\n'), makeTlsCertificate(Date.now()));
    return endpoint.origin;
  }),
  row(
    'a trusted certificate for another host',
    'TlsFailed',
    async () => {
      const endpoint = await exchanges.misbehaving(say('HTTP/1.1 200 OK\r\n\r\n'), trusted);
      return endpoint.origin.replace('127.0.0.1', 'localhost');
    },
    { client: { connectOptions: () => ({ ca: trusted.certificate }) } },
  ),
  row('a server that speaks no TLS', 'TlsFailed', async () =>
    (await exchanges.endpoint()).origin.replace('http:', 'https:'),
  ),
  row('a reset before the answer', 'ConnectionReset', behaving(resetAtOnce)),
  row('a connection closed before the answer', 'ConnectionReset', behaving(sayAndEnd(''))),
  row('a reset within the head', 'AnswerInvalid', behaving(sayAndReset('HTTP/1.1 200 OK\r\ncontent-'))),
  row('a head that breaks off', 'AnswerInvalid', behaving(sayAndEnd('HTTP/1.1 200 OK\r\ncontent-'))),
  row(
    'a reset within the body',
    'AnswerInvalid',
    behaving(sayAndReset('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf')),
  ),
  row(
    'a body of a 200 cut short',
    'AnswerInvalid',
    behaving(sayAndEnd('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf')),
  ),
  row(
    'a chunked body of a 200 cut short',
    'AnswerInvalid',
    behaving(sayAndEnd('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n')),
  ),
  row(
    'a body of a 422 cut short',
    'AnswerInvalid',
    behaving(sayAndEnd('HTTP/1.1 422 No\r\ncontent-length: 9\r\n\r\nhalf')),
  ),
  row('an answer that is not HTTP', 'AnswerInvalid', behaving(say('220 smtp.example.com ESMTP\r\n'))),
  row('no answer in time', 'TimedOut', behaving(say('')), { timeoutMs: shortMs }),
  row('half a head in time', 'TimedOut', behaving(say('HTTP/1.1 200 OK\r\n')), { timeoutMs: shortMs }),
  row('half a body in time', 'TimedOut', behaving(say('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf')), {
    timeoutMs: shortMs,
  }),
  row('an informational answer and no other in time', 'TimedOut', behaving(say('HTTP/1.1 103 Early Hints\r\n\r\n')), {
    timeoutMs: shortMs,
  }),
];

describe.each(rows)('$failure', ({ failure, code, errorCode, surround }) => {
  async function begin(random: OutcomeOptions['random']) {
    const story = createOutcomeStory({ ...(await surround()), random });
    return story;
  }

  test(`the failure "${failure}" has the code ${code}, and after one attempt the event goes to the delivery queue`, async () => {
    const story = await begin(wait);
    const conclusion = await story.deliver('orders');
    const notBeforeMs = story.clock.nowMs() + 9990;
    expect(conclusion).toMatchObject({ settlement: { kind: 'deferred', notBeforeMs }, code, attempts: 1 });
    expect(conclusion).not.toHaveProperty('status');
    expect(story.queue.sent).toMatchObject([{ queued: { notBeforeMs, delivery: { attempts: 1 } } }]);
    expect(story.deadLetters.letters).toEqual([]);
    await story.close();
  });

  test(`the failure "${failure}" has the ERROR_CODE ${errorCode} in the dead letter after a failed retry`, async () => {
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

describe('a name without an address', () => {
  const origin = 'https://endpoint.test';
  const resolveName = () => Promise.reject(new Failure('DnsFailed', 'No address was found for endpoint.test.'));

  test.each([wait, atOnce])(
    'a failed look-up uses up no attempt, and puts the event into the delivery queue',
    async (random) => {
      const story = createOutcomeStory({ origin, random, client: { resolveName } });
      const conclusion = await story.deliver('orders', { RetryPolicy: { MaximumRetryAttempts: 0 } });
      expect(conclusion).toMatchObject({ settlement: { kind: 'deferred' }, code: 'DnsFailed', attempts: 0 });
      expect(story.queue.sent).toMatchObject([{ queued: { delivery: { attempts: 0, postponements: 1 } } }]);
      expect(story.deadLetters.letters).toEqual([]);
      await story.close();
    },
  );
});

describe('a status that no table has', () => {
  test.each([101, 600, 999])(
    'the status %d is never a success: without retries the event is dead-lettered',
    async (status) => {
      const origin = await behaving(say(`HTTP/1.1 ${status} What\r\ncontent-length: 0\r\n\r\n`))();
      const story = createOutcomeStory({ origin, random: wait });
      const { settlement } = await story.deliver('orders', { RetryPolicy: { MaximumRetryAttempts: 0 } });
      expect(settlement.kind).toBe('dead-lettered');
      await story.close();
    },
  );

  test('an informational answer before the real one changes nothing', async () => {
    const origin = await behaving(say('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'))();
    const story = createOutcomeStory({ origin, random: wait });
    expect(await story.deliver('orders')).toMatchObject({ settlement: { kind: 'delivered' }, status: 204 });
    await story.close();
  });
});
