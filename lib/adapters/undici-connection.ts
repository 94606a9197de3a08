import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

/** Errors of sockets that had already carried an answer. */
const errorsAfterAnAnswer = new WeakSet<Error>();

/** Whether the connection that this error ended had been in use before: then it may simply have been closed meanwhile. */
export function endedReusedConnection(error: Error): boolean {
  return errorsAfterAnAnswer.has(error);
}

/** The endpoint answered 101: from here on it speaks a protocol that nobody asked it for. */
export class ProtocolSwitched extends Error {
  override readonly name = 'ProtocolSwitched';
}

/** What the exchanges need to know of each connection made, and undici does not tell. */
export function watchConnection(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error === null) {
        noteReuse(socket);
        readInformationalAnswers(socket);
      }
      callback(...result);
    });
}

/** One listener per socket, none per request. */
function noteReuse(socket: Socket): void {
  socket.on('error', (error: Error) => {
    if (socket.bytesRead > 0) errorsAfterAnAnswer.add(error);
  });
}

const hundred = Buffer.from('HTTP/1.1 100');
const switching = Buffer.from('HTTP/1.1 101');

/**
 * undici drops the connection on a 100 Continue that it did not ask for, and on 101 before it tells the status. RFC 9110
 * section 15.2 wants the first one read over, and the second one is an answer: it ends the delivery for good.
 *
 * Failure policy: a 100 whose head does not come in one piece stays undici's error, a retryable AnswerInvalid.
 */
function readInformationalAnswers(socket: Socket): void {
  const read = socket.read;
  const write = socket.write;
  let answerIsNext = false;

  socket.write = function (this: Socket, ...parameters: Parameters<typeof write>) {
    answerIsNext = true;
    return write.apply(this, parameters);
  } as typeof write;

  socket.read = function (this: Socket, size?: number): Buffer | null {
    const chunk = read.call(this, size) as Buffer | null;
    if (!answerIsNext || chunk === null) return chunk;
    answerIsNext = false;
    // The status code's first digit; no other answer is looked at any further.
    if (chunk[9] !== 0x31 || chunk.length < hundred.length) return chunk;
    if (startsWith(chunk, switching)) socket.destroy(new ProtocolSwitched());
    if (!startsWith(chunk, hundred)) return chunk;
    const headEnds = chunk.indexOf('\r\n\r\n');
    if (headEnds === -1) return chunk;
    answerIsNext = true;
    const rest = chunk.subarray(headEnds + 4);
    if (rest.length === 0) return this.read(size);
    this.unshift(rest);
    return this.read(size);
  };
}

function startsWith(chunk: Buffer, prefix: Buffer): boolean {
  return chunk.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}
