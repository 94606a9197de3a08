/**
 * The endpoint of the benches, in its own process. It answers 200 to every request at the lowest possible cost, so that only
 * the cost of the sender is measured. Sends its port to its parent, which may send the body of all answers.
 */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

function answerOf(body: string): Buffer {
  const length = Buffer.byteLength(body);
  return Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\nconnection: keep-alive\r\n\r\n${body}`,
  );
}

let answer = answerOf('{}');
const headEnd = '\r\n\r\n';

const server = createServer({ noDelay: true }, (socket) => {
  let received = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    for (;;) {
      const headEnds = received.indexOf(headEnd);
      if (headEnds === -1) return;
      const length = /\r\ncontent-length: *(\d+)/i.exec(received)?.[1] ?? '0';
      const ends = headEnds + headEnd.length + Number(length);
      if (received.length < ends) return;
      received = received.slice(ends);
      socket.write(answer);
    }
  });
});

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('message', ({ body }: { readonly body: string }) => {
  answer = answerOf(body);
  process.send?.('ready');
});
process.once('disconnect', () => process.exit());
