import type { Socket } from 'node:net';
import { deflateRawSync, gzipSync } from 'node:zlib';
import type { FailureCode } from '../../../lib/core/failure/failure.ts';
import type { Misbehave } from './misbehaving-endpoint.ts';

/** A malicious answer, and the expected outcome of the request. */
export interface HostileAnswer {
  /** Follows "the endpoint sends" in a test's name. */
  readonly answer: string;
  /** The status that the delivery reports, or the code of the failure. */
  readonly outcome: number | FailureCode;
  /** Set when the request ends only at its timeout. */
  readonly lasts?: true;
  /** Set when the body of a 2xx is incomplete. Such an answer is a success only for a caller that does not need the body. */
  readonly isIncomplete?: true;
  readonly misbehave: Misbehave;
}

const say = (text: string | Uint8Array) => (socket: Socket) => void socket.write(text);
const sayAndEnd = (text: string) => (socket: Socket) => void socket.end(text);

/** Sends the first text, then the second as fast as the client reads it, until the client disconnects. */
const endlessly = (text: string, again: string) => (socket: Socket) => {
  const chunk = again.repeat(Math.ceil(16_384 / again.length));
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk)) {}
  };
  socket.write(text);
  socket.on('drain', more);
  more();
};

/** Sends the first text, then one byte of the second every few milliseconds. */
const slowly = (text: string, bytes: string) => (socket: Socket) => {
  let at = 0;
  socket.write(text);
  const timer = setInterval(() => {
    socket.write(bytes[at % bytes.length] ?? '');
    at += 1;
  }, 5);
  socket.once('close', () => clearInterval(timer));
};

const ok = 'HTTP/1.1 200 OK\r\n';
const failed = 'HTTP/1.1 500 No\r\n';
const chunked = 'transfer-encoding: chunked\r\n\r\n';
const empty = 'content-length: 0\r\n\r\n';

/** An error status with a compressed body that grows a thousandfold. */
function bomb(encoding: string, bytes: Uint8Array): Misbehave {
  const head = `${failed}content-encoding: ${encoding}\r\ncontent-length: ${bytes.length}\r\n\r\n`;
  return say(Buffer.concat([Buffer.from(head), bytes]));
}

const zeros = Buffer.alloc(30_000_000);

const tooLong: readonly HostileAnswer[] = [
  {
    answer: 'a 500 with a body of 100 MB',
    outcome: 500,
    misbehave: endlessly(`${failed}content-length: 100000000\r\n\r\n`, 'x'),
  },
  { answer: 'a 200 with an endless body', outcome: 200, misbehave: endlessly(`${ok}${chunked}`, '5\r\nxxxxx\r\n') },
  { answer: 'a 422 with an endless body', outcome: 422, misbehave: endlessly('HTTP/1.1 422 No\r\n\r\n', 'x') },
  {
    answer: 'a 200 with endless chunks of one byte',
    outcome: 200,
    misbehave: endlessly(`${ok}${chunked}`, '1\r\nx\r\n'),
  },
  { answer: 'an endless reason phrase', outcome: 'AnswerInvalid', misbehave: endlessly('HTTP/1.1 200 ', 'x') },
  { answer: 'endless line ends before the status line', outcome: 'AnswerInvalid', misbehave: endlessly('', '\r\n') },
  { answer: 'endless 103 answers', outcome: 'AnswerInvalid', misbehave: endlessly('', 'HTTP/1.1 103 Wait\r\n\r\n') },
  { answer: 'endless 100 answers', outcome: 'AnswerInvalid', misbehave: endlessly('', 'HTTP/1.1 100\r\n\r\n') },
  { answer: 'endless headers', outcome: 'AnswerInvalid', misbehave: endlessly(ok, 'x-padding: 0\r\n') },
  { answer: 'one endless header', outcome: 'AnswerInvalid', misbehave: endlessly(`${ok}x-padding: `, 'x') },
  { answer: 'one endless header name', outcome: 'AnswerInvalid', misbehave: endlessly(ok, 'x') },
  {
    answer: 'an endless chunk extension',
    outcome: 'AnswerInvalid',
    misbehave: endlessly(`${failed}${chunked}1;`, 'x'),
  },
  { answer: 'an endless chunk size', outcome: 'AnswerInvalid', misbehave: endlessly(failed + chunked, '0') },
  {
    answer: 'endless trailers',
    outcome: 'AnswerInvalid',
    misbehave: endlessly(`${failed}${chunked}0\r\n`, 'x: y\r\n'),
  },
];

const tooSlow: readonly HostileAnswer[] = [
  { answer: 'nothing', outcome: 'TimedOut', lasts: true, misbehave: () => undefined },
  {
    answer: 'an endless head, byte by byte',
    outcome: 'TimedOut',
    lasts: true,
    misbehave: slowly(`${ok}x-padding: `, 'x'),
  },
  {
    answer: 'an endless body, byte by byte',
    outcome: 'TimedOut',
    lasts: true,
    misbehave: slowly(failed + chunked, '1\r\nx\r\n'),
  },
  {
    answer: 'endless 103 answers, byte by byte',
    outcome: 'TimedOut',
    lasts: true,
    misbehave: slowly('', 'HTTP/1.1 103 X\r\n\r\n'),
  },
  { answer: 'half a head', outcome: 'TimedOut', lasts: true, misbehave: say(ok) },
  { answer: 'half a body', outcome: 'TimedOut', lasts: true, misbehave: say(`${failed}content-length: 9\r\n\r\nhalf`) },
  {
    answer: 'a length that is too large for a number',
    outcome: 'TimedOut',
    lasts: true,
    misbehave: say(`${failed}content-length: 9007199254740993\r\n\r\nx`),
  },
  {
    answer: 'a body of HTTP/1.0 that never ends',
    outcome: 'TimedOut',
    lasts: true,
    misbehave: say('HTTP/1.0 500 No\r\n\r\nx'),
  },
];

const noHttp: readonly HostileAnswer[] = [
  ['an answer of HTTP/0.9', '<html>hello</html>\r\n'],
  ['an answer of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a status of four digits', `HTTP/1.1 2000 OK\r\n${empty}`],
  ['a status of two digits', `HTTP/1.1 20 OK\r\n${empty}`],
  ['the status 000', `HTTP/1.1 000 OK\r\n${empty}`],
  ['the status 099', `HTTP/1.1 099 OK\r\n${empty}`],
  ['a head with line feeds only', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
  ['a carriage return within a header', `HTTP/1.1 200 OK\r\nx: a\rHTTP/1.1 500 No\r\n${empty}`],
  ['a folded header', `${ok}x: a\r\n b\r\n${empty}`],
  ['a NUL within a header', `${ok}x: a\0b\r\n${empty}`],
  ['a blank before the colon', `${ok}content-length : 0\r\n\r\n`],
  ['a negative length', `${ok}content-length: -1\r\n\r\n`],
  ['a length of 23 digits', `${ok}content-length: 99999999999999999999999\r\n\r\n`],
  ['two different lengths', `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`],
  ['both a length and chunks', `${ok}content-length: 1\r\n${chunked}0\r\n\r\n`],
  ['an invalid chunk size', `${failed}${chunked}zz\r\n`],
  ['a chunk size beyond 2^64', `${failed}${chunked}fffffffffffffffff\r\nx`],
  ['a Content-Length in the trailers', `${failed}${chunked}1\r\nx\r\n0\r\ncontent-length: 7\r\n\r\n`],
  ['a chunk that is longer than its size', `${failed}${chunked}1\r\nxyz\r\n0\r\n\r\n`],
].map(([answer = '', text = '']) => ({ answer, outcome: 'AnswerInvalid', misbehave: say(text) }));

const cutShort: readonly HostileAnswer[] = [
  { answer: 'nothing and closes the connection', outcome: 'ConnectionReset', misbehave: sayAndEnd('') },
  { answer: 'half a head and closes the connection', outcome: 'AnswerInvalid', misbehave: sayAndEnd(ok) },
  {
    answer: 'half a body and closes the connection',
    outcome: 'AnswerInvalid',
    misbehave: sayAndEnd(`${failed}content-length: 9\r\n\r\nhalf`),
  },
  {
    answer: '64 KiB of a longer body and closes the connection',
    outcome: 'AnswerInvalid',
    misbehave: sayAndEnd(`${failed}content-length: 65537\r\n\r\n${'x'.repeat(65_536)}`),
  },
];

const accepted = { outcome: 200, isIncomplete: true } as const;

const acceptedThenBroken: readonly HostileAnswer[] = [
  {
    answer: 'a 200 with a body shorter than its length',
    ...accepted,
    misbehave: sayAndEnd(`${ok}content-length: 9\r\n\r\nhalf`),
  },
  { answer: 'a 200 with chunks without an end', ...accepted, misbehave: sayAndEnd(`${ok}${chunked}4\r\nhalf\r\n`) },
  { answer: 'a 200 with an invalid chunk size', ...accepted, misbehave: say(`${ok}${chunked}zz\r\n`) },
  {
    answer: 'a 200 with endless trailers',
    ...accepted,
    misbehave: endlessly(`${ok}${chunked}0\r\n`, 'x: y\r\n'),
  },
  {
    answer: 'a 200 with half a body and no end',
    ...accepted,
    lasts: true,
    misbehave: say(`${ok}content-length: 9\r\n\r\nhalf`),
  },
  {
    answer: 'a 200 with a body, byte by byte',
    ...accepted,
    lasts: true,
    misbehave: slowly(ok + chunked, '1\r\nx\r\n'),
  },
  {
    answer: 'a 200 of HTTP/1.0 without an end',
    ...accepted,
    lasts: true,
    misbehave: say('HTTP/1.0 200 OK\r\n\r\nx'),
  },
];

const compressed: readonly HostileAnswer[] = [
  { answer: 'a gzip bomb', outcome: 500, misbehave: bomb('gzip', gzipSync(zeros)) },
  { answer: 'a deflate bomb', outcome: 500, misbehave: bomb('deflate', deflateRawSync(zeros)) },
  { answer: 'a gzip bomb within a gzip bomb', outcome: 500, misbehave: bomb('gzip, gzip', gzipSync(gzipSync(zeros))) },
  {
    answer: 'a body in Brotli that the client has not asked for',
    outcome: 500,
    misbehave: bomb('br', gzipSync(zeros)),
  },
  { answer: 'plain text that is marked as gzip', outcome: 500, misbehave: bomb('gzip', Buffer.from('plain')) },
];

const metadata = 'http://169.254.169.254/latest/meta-data/iam/security-credentials/';

const misleading: readonly HostileAnswer[] = [
  ...[301, 302, 303, 307, 308].map((status) => ({
    answer: `a redirect with ${status} to the metadata address`,
    outcome: status,
    misbehave: say(`HTTP/1.1 ${status} Moved\r\nlocation: ${metadata}\r\n${empty}`),
  })),
  {
    answer: 'a 200 with a Location, a Refresh and a cookie',
    outcome: 200,
    misbehave: say(`${ok}location: ${metadata}\r\nrefresh: 0; url=${metadata}\r\nset-cookie: a=b\r\n${empty}`),
  },
  {
    answer: 'a 101 that switches to another protocol',
    outcome: 101,
    misbehave: say('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n\0\0\0'),
  },
  {
    answer: 'a 200 with an Upgrade header',
    outcome: 200,
    misbehave: say(`${ok}connection: upgrade\r\nupgrade: h2c\r\n${empty}`),
  },
  {
    answer: 'trailers that contradict the head',
    outcome: 500,
    misbehave: say(`${failed}${chunked}1\r\nx\r\n0\r\nretry-after: -1\r\nlocation: ${metadata}\r\n\r\n`),
  },
  {
    answer: 'a keep-alive of three hundred million years',
    outcome: 200,
    misbehave: say(`${ok}keep-alive: timeout=9999999999999999\r\n${empty}`),
  },
  {
    answer: 'a 503 with a Retry-After of a thousand years',
    outcome: 503,
    misbehave: say(`HTTP/1.1 503 No\r\nretry-after: 31536000000\r\n${empty}`),
  },
  {
    answer: 'a 503 with a Retry-After of 400 digits',
    outcome: 503,
    misbehave: say(`HTTP/1.1 503 No\r\nretry-after: ${'9'.repeat(400)}\r\n${empty}`),
  },
];

export const hostileAnswers: readonly HostileAnswer[] = [
  ...tooLong,
  ...tooSlow,
  ...noHttp,
  ...cutShort,
  ...acceptedThenBroken,
  ...compressed,
  ...misleading,
];

/**
 * Each server sends a valid answer and then a second one without a request. The client must not take the second one for the
 * answer to its next request. Each text follows "the server sends" in a test's name.
 */
export const extraAnswers: readonly (readonly [how: string, Misbehave])[] = [
  ['two answers at once', say(`${ok}${empty}${failed}${empty}`)],
  ['a hundred and one answers at once', say(`${ok}${empty}${`${failed}${empty}`.repeat(100)}`)],
  ['an answer as the body of a 204', say(`HTTP/1.1 204 No Content\r\ncontent-length: 40\r\n\r\n${failed}${empty}`)],
  ['an answer behind the last chunk', say(`${ok}${chunked}0\r\n\r\n${failed}${empty}`)],
  ['a body that is longer than its length', say(`${ok}content-length: 1\r\n\r\nx${failed}${empty}`)],
  ['an answer and half of another', say(`${ok}${empty}${failed}x-half: `)],
  [
    'a second answer a moment later',
    (socket) => void socket.write(ok + empty, () => setImmediate(() => socket.write(failed + empty))),
  ],
];
