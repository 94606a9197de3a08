import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

/** Errors of connections that had already carried an answer. */
const errorsAfterAnAnswer = new WeakSet<Error>();

/** Whether the failed connection had already carried an answer. If so, the server may have closed it while it was idle. */
export function endedReusedConnection(error: Error): boolean {
  return errorsAfterAnAnswer.has(error);
}

/** The endpoint answered 101 and switched to a protocol that was not requested. */
export class ProtocolSwitched extends Error {
  override readonly name = 'ProtocolSwitched';
}

/**
 * The most bytes that are read of one answer. The limit leaves room for the largest valid answer: a body of 64 KiB in chunks
 * of one byte (six bytes each), with a head and trailers of 16 KiB.
 */
const maxAnswerBytes = 524_288;

/** The endpoint sends endless data outside the body: informational answers, a reason phrase, line ends, chunk extensions. */
class AnswerOverflow extends Error {
  override readonly name = 'AnswerOverflow';
  readonly code = 'ERR_ANSWER_OVERFLOW';
}

/** Watches each connection for facts that the exchanges need but undici does not report. */
export function watchConnection(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error === null) {
        noteErrors(socket);
        watchAnswers(socket);
      }
      callback(...result);
    });
}

/** Records the errors for `endedReusedConnection`. This needs one listener per socket, and none per request. */
function noteErrors(socket: Socket): void {
  socket.on('error', (error: Error) => {
    if (socket.bytesRead > 0) errorsAfterAnAnswer.add(error);
    // After a TLS alert the socket stays open until its end is read, and undici would report that end instead of the alert.
    // With TLS 1.3, a server refuses a client certificate in this way.
    socket.destroy();
  });
}

const hundred = Buffer.from('HTTP/1.1 100');
const switching = Buffer.from('HTTP/1.1 101');

/**
 * Corrects undici in three cases. undici drops the connection on a 100 Continue that it did not request, but RFC 9110 section
 * 15.2 requires a client to ignore it. undici drops the connection on a 101 before it reports the status, but the 101 is an
 * answer and ends the delivery for good. And undici limits headers and bodies, but not the data around them.
 *
 * Failure policy: a 100 whose head does not arrive in one piece still ends in undici's error, a retryable AnswerInvalid. An
 * answer that is longer than `maxAnswerBytes` is a retryable AnswerInvalid too, because reading it until the timeout would
 * take CPU from other deliveries.
 */
function watchAnswers(socket: Socket): void {
  const read = socket.read;
  const write = socket.write;
  let answerIsNext = false;
  let answerBytes = 0;

  socket.write = function (this: Socket, ...parameters: Parameters<typeof write>) {
    answerIsNext = true;
    answerBytes = 0;
    return write.apply(this, parameters);
  } as typeof write;

  socket.read = function (this: Socket, size?: number): Buffer | null {
    for (;;) {
      let chunk = read.call(this, size) as Buffer | null;
      if (chunk === null) return chunk;
      answerBytes += chunk.length;
      if (answerBytes > maxAnswerBytes) {
        socket.destroy(new AnswerOverflow());
        return null;
      }
      if (!answerIsNext) return chunk;
      // The first digit of the status code. Only a 1xx is examined further.
      while (chunk[9] === 0x31 && startsWith(chunk, hundred)) {
        const headEnds = chunk.indexOf('\r\n\r\n');
        if (headEnds === -1) break;
        chunk = chunk.subarray(headEnds + 4);
      }
      if (chunk.length === 0) continue;
      answerIsNext = false;
      if (chunk[9] === 0x31 && startsWith(chunk, switching)) socket.destroy(new ProtocolSwitched());
      return chunk;
    }
  };
}

function startsWith(chunk: Buffer, prefix: Buffer): boolean {
  return chunk.length >= prefix.length && chunk.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}
