import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidAnswer } from '../../../../lib/adapters/http/answer-fields.ts';
import { AnswerParser } from '../../../../lib/adapters/http/answer-parser.ts';

interface Read {
  readonly heads: readonly { readonly status: number; readonly headers: Readonly<Record<string, string>> }[];
  readonly body: string;
  /** Whether the answer is complete, before or with the end of the connection. */
  readonly isComplete: boolean;
  readonly keepsAlive: boolean;
}

/** Reads an answer that arrives in these pieces, and then the end of the connection. */
function read(pieces: readonly string[], method = 'POST'): Read {
  const parser = new AnswerParser();
  const heads: { status: number; headers: Record<string, string> }[] = [];
  let body = '';
  parser.begin(method);
  for (const piece of pieces) {
    parser.read(Buffer.from(piece, 'latin1'), {
      onHead: (status, headers) => heads.push({ status, headers }),
      onBody: (chunk) => {
        body += chunk.toString('latin1');
      },
    });
  }
  const { isComplete, keepsAlive } = parser;
  return { heads, body, isComplete: isComplete || parser.end(), keepsAlive };
}

/** Cuts the text at these places. */
function cut(text: string, places: readonly number[]): string[] {
  const sorted = [...new Set(places.map((place) => place % text.length))].sort((one, other) => one - other);
  return [...sorted, text.length].map((place, index) => text.slice(sorted[index - 1] ?? 0, place));
}

const body = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});
const framed = fc.oneof(
  body.map((text) => ({ headers: `Content-Length: ${text.length}\r\n`, rest: text, text })),
  fc.array(body.filter((text) => text !== '')).map((chunks) => ({
    headers: 'transfer-encoding: chunked\r\n',
    rest: `${chunks.map((chunk) => `${chunk.length.toString(16)};a=b\r\n${chunk}\r\n`).join('')}0\r\nx: y\r\n\r\n`,
    text: chunks.join(''),
  })),
  body.map((text) => ({ headers: '', rest: text, text })),
);
const answer = fc
  .record({ status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304), framed })
  .map(({ status, framed: { headers, rest, text } }) => ({
    status,
    text,
    bytes: `HTTP/1.1 ${status} Any Reason\r\nX-Note:  a b \t\r\n${headers}\r\n${rest}`,
  }));

describe('a valid answer', () => {
  test('an answer has the same status, headers and body in whatever pieces it arrives', () => {
    fc.assert(
      fc.property(answer, fc.array(fc.nat(400), { maxLength: 8 }), ({ status, text, bytes }, places) => {
        const result = read(cut(bytes, places));
        expect(result.heads).toMatchObject([{ status, headers: { 'x-note': 'a b' } }]);
        expect(result.body).toBe(text);
        expect(result.isComplete).toBe(true);
      }),
    );
  });

  test.each([
    ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', true],
    ['HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n', true],
    ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: x, Close\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\ncontent-length: 0\r\nConnection: Keep-Alive\r\n\r\n', true],
    ['HTTP/1.1 204 No\r\ncontent-length: 3\r\n\r\n', false],
    ['HTTP/1.1 304 No\r\ntransfer-encoding: chunked\r\n\r\n', false],
    ['HTTP/1.1 200 OK\r\n\r\n', false],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n', false],
    ['HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab', false],
  ])('after the answer %j, whether its connection can be used again is %s', (text, keepsAlive) => {
    expect(read([text])).toMatchObject({ isComplete: true, keepsAlive });
  });

  test.each([
    ['timeout=5, max=100', 4000],
    ['max=100, timeout=1', 0],
    ['max=100', Number.POSITIVE_INFINITY],
  ])('after a Keep-Alive of "%s", the connection may be idle for %d ms', (value, limitMs) => {
    const parser = new AnswerParser();
    parser.begin('POST');
    const text = `HTTP/1.1 200 OK\r\nkeep-alive: ${value}\r\ncontent-length: 0\r\n\r\n`;
    parser.read(Buffer.from(text), { onHead: () => undefined, onBody: () => undefined });
    expect(parser.idleLimitMs).toBe(limitMs);
  });
});

describe('an answer that two readers could read differently', () => {
  test.each([
    ['a status line that ends with a line feed only', 'HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n'],
    ['a header that ends with a line feed only', 'HTTP/1.1 200 OK\r\na: b\ncontent-length: 0\r\n\r\n'],
    ['a blank before the colon', 'HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nnothing\r\n\r\n'],
    ['a first header that begins with a blank', 'HTTP/1.1 200 OK\r\n a: b\r\n\r\n'],
    ['a header that continues on the next line', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\ncontent-length: 0\r\n\r\n'],
    ['a NUL in a header', 'HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n'],
    ['the same length twice', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx'],
    ['a length with a sign', 'HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\nx'],
    ['an empty length', 'HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n'],
    ['a length and a coding', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: gzip\r\n\r\nx'],
    ['a negative chunk size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n'],
    ['a chunk size that ends with a line feed only', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\nx\r\n'],
    ['a chunk that is longer than its size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nxy\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n'],
    ['the version HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
  ])('an answer with %s is invalid', (_what, text) => {
    expect(() => read([text])).toThrow(InvalidAnswer);
    expect(() => read(cut(text, [5, 16, 20, 40]))).toThrow(InvalidAnswer);
  });

  test('whatever answer the parser accepts, the parser of Node accepts too, with the same status, body and length', () => {
    const noise = fc.record({
      at: fc.nat(200),
      text: fc.constantFrom('', '\r', '\n', '\r\n', ' ', ':', ',', '\0', '0', 'g', '\x7f'),
    });
    fc.assert(
      fc.property(answer, fc.array(noise, { minLength: 1, maxLength: 3 }), ({ bytes }, noises) => {
        const changed = noises.reduce(
          (text, each) => {
            const at = each.at % text.length;
            return text.slice(0, at) + each.text + text.slice(at + 1);
            // Our parser does not look into extensions of chunks.
          },
          bytes.replaceAll(';a=b', ''),
        );
        const ours = readOrRefuse(changed);
        fc.pre(ours?.isComplete === true && ours.heads.length === 1);
        expect(readWithNode(changed)).toEqual({ status: ours?.heads[0]?.status, body: ours?.body });
      }),
      { numRuns: 300 },
    );
  });
});

function readOrRefuse(text: string): Read | undefined {
  try {
    return read([text]);
  } catch (error) {
    if (error instanceof InvalidAnswer) return undefined;
    throw error;
  }
}

interface NodeParser {
  initialize(type: number, resource: object): void;
  execute(bytes: Buffer): number | Error;
  finish(): Error | undefined;
  [callback: number]: unknown;
}

/** Reads an answer with llhttp, as Node's own HTTP client does. */
function readWithNode(text: string): { readonly status: number; readonly body: string } | Error {
  const common = process.getBuiltinModule('_http_common') as unknown as {
    HTTPParser: (new () => NodeParser) &
      Readonly<Record<'RESPONSE' | 'kOnHeadersComplete' | 'kOnBody' | 'kOnMessageComplete', number>>;
  };
  const { HTTPParser } = common;
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.RESPONSE, {});
  let [status, received, isComplete] = [0, '', false];
  parser[HTTPParser.kOnHeadersComplete] = (...head: readonly unknown[]) => {
    status = head[5] as number;
    return 0;
  };
  parser[HTTPParser.kOnBody] = (chunk: Buffer) => {
    if (!isComplete) received += chunk.toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    isComplete = true;
  };
  const result = parser.execute(Buffer.from(text, 'latin1'));
  if (!isComplete) {
    if (result instanceof Error) return result;
    const end = parser.finish();
    if (end instanceof Error) return end;
  }
  return { status, body: received };
}
