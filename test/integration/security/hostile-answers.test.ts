import { afterEach, describe, expect, test } from 'vitest';
import { failures } from '../../../lib/core/failure/failure.ts';
import { httpExchanges } from '../../contract/http/http-exchanges.ts';
import { extraAnswers, hostileAnswers } from '../../servers/endpoints/hostile-answers.ts';
import { createOutcomeStory, wait } from '../delivery/outcome-story.ts';

const exchanges = httpExchanges();
const stories: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const story of stories.splice(0)) await story.close();
});

function storyAt(origin: string, timeoutMs: number) {
  const story = createOutcomeStory({ origin, random: wait, timeoutMs });
  stories.push(story);
  return story;
}

/** The kernel accepts this many bytes from a server although its client stopped reading: the buffers of both sockets. */
const socketBuffersBytes = 16 * 1024 * 1024;

/**
 * The settlement that follows from a status or a failure code. The answers with a 503 ask for a wait that is longer than the
 * event's age limit, so their events are dead-lettered instead of deferred.
 */
function settlementOf(outcome: number | keyof typeof failures, answer: string): string {
  if (typeof outcome === 'string') return failures[outcome].kind === 'retryable' ? 'deferred' : 'dead-lettered';
  if (outcome >= 200 && outcome <= 299) return 'delivered';
  return outcome >= 500 && !answer.startsWith('a 503 with a Retry-After') ? 'deferred' : 'dead-lettered';
}

describe.each(hostileAnswers)('an endpoint that sends $answer', ({ answer, outcome, lasts, misbehave }) => {
  const ending = typeof outcome === 'number' ? `with status ${outcome}` : `with the failure ${outcome}`;

  test(`an attempt ends ${ending} and delays no other delivery when the endpoint sends ${answer}`, async () => {
    let longestBytes = 0;
    const hostile = await exchanges.misbehaving((socket, request) => {
      socket.once('close', () => {
        longestBytes = Math.max(longestBytes, socket.bytesWritten - socket.writableLength);
      });
      misbehave(socket, request);
    });
    const harmless = await exchanges.endpoint();
    const story = storyAt(hostile.origin, lasts ? 200 : 10_000);
    const beside = storyAt(harmless.origin, 10_000);
    const [conclusion, ...others] = await Promise.all([
      story.deliver('orders'),
      ...Array.from({ length: 5 }, () => beside.deliver('orders')),
    ]);
    expect(conclusion).toMatchObject({ settlement: { kind: settlementOf(outcome, answer) }, attempts: 1 });
    expect(conclusion).toMatchObject(typeof outcome === 'number' ? { status: outcome } : { code: outcome });
    expect(others.map(({ settlement }) => settlement.kind)).toEqual(Array(5).fill('delivered'));
    expect(hostile.requestCount()).toBe(1);
    // Closing the story would close every connection, so this line must come first.
    if (typeof outcome === 'string') await hostile.allClosed();
    await story.close();
    await hostile.allClosed();
    expect(longestBytes).toBeLessThan(socketBuffersBytes);
  });
});

describe('an answer without a request', () => {
  test.each(extraAnswers)('every request gets its own answer although the server sends %s', async (_how, misbehave) => {
    const hostile = await exchanges.misbehaving(misbehave);
    const story = storyAt(hostile.origin, 10_000);
    // There are more requests than connections, so some requests wait for a connection that has just answered.
    const conclusions = await Promise.all(Array.from({ length: 150 }, () => story.deliver('orders')));
    for (let index = 0; index < 20; index += 1) conclusions.push(await story.deliver('orders'));
    expect(conclusions.filter(({ settlement }) => settlement.kind !== 'delivered')).toEqual([]);
    expect(hostile.requestCount()).toBe(170);
  });

  test('the client closes an idle connection when the server sends an answer without a request', async () => {
    const hostile = await exchanges.misbehaving((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      if (hostile.requestCount() === 1) first = socket;
    });
    let first: { write(text: string): unknown } | undefined;
    const story = storyAt(hostile.origin, 10_000);
    await story.deliver('orders');
    first?.write('HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n');
    await hostile.allClosed();
    expect(await story.deliver('orders')).toMatchObject({ status: 200 });
    expect(hostile.connectionCount()).toBe(2);
  });
});
