import { idleLimitOf, InvalidAnswer, isKeptAlive, parseFields } from './answer-fields.ts';

/** Receives the parts of an answer while the parser reads them. */
export interface AnswerReceiver {
  /** Called for each head, also for informational ones (1xx), which another head follows. */
  onHead(status: number, headers: Record<string, string>): void;
  onBody(chunk: Buffer): void;
}

/** Node's own limit for the headers of one message. */
const maxHeadBytes = 16_384;

/**
 * The most bytes that are read of one answer. The limit leaves room for the largest valid answer: a body of 64 KiB in chunks
 * of one byte (six bytes each), with a head and trailers of 16 KiB.
 */
const maxAnswerBytes = 524_288;

type State =
  | 'head'
  /** A body whose length is known; `#left` bytes are missing. */
  | 'length'
  /** A body that ends with the connection. */
  | 'until-end'
  | 'chunk-size'
  | 'chunk'
  /** The line end after the bytes of a chunk. */
  | 'chunk-end'
  | 'trailers'
  | 'complete';

const statusLine = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?$/;
const chunkSize = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?$/;

/**
 * Reads the answers of one connection, one after another. Source: RFC 9112. It is strict where two readers could disagree about
 * the end of an answer: a bare line feed, two lengths, or a length beside chunks make an answer invalid.
 *
 * It decodes a head once and searches it for line ends. undici's parser copies each chunk into WebAssembly and calls back for
 * each header.
 */
export class AnswerParser {
  #state: State = 'complete';
  #isHeadOnly = false;
  /** The part of a head, of a chunk's size or of a trailer that has arrived. */
  #text = '';
  #bytes = 0;
  #left = 0;
  #keepsAlive = false;
  #idleLimitMs = Number.POSITIVE_INFINITY;
  #hasBegun = false;

  /** Begins the answer to the next request. */
  begin(method: string): void {
    this.#state = 'head';
    this.#isHeadOnly = method === 'HEAD';
    this.#text = '';
    this.#bytes = 0;
    this.#hasBegun = false;
  }

  /** Whether a byte of the answer has arrived. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  get isComplete(): boolean {
    return this.#state === 'complete';
  }

  /** Whether the server keeps the connection open for another request. */
  get keepsAlive(): boolean {
    return this.#keepsAlive;
  }

  /** How long the server keeps the connection open; infinite when it does not say. */
  get idleLimitMs(): number {
    return this.#idleLimitMs;
  }

  /** @throws InvalidAnswer */
  read(chunk: Buffer, receiver: AnswerReceiver): void {
    this.#hasBegun = true;
    this.#bytes += chunk.length;
    if (this.#bytes > maxAnswerBytes) throw new InvalidAnswer('The answer is too long.');
    for (let at = 0; at < chunk.length; ) at = this.#readSome(chunk, at, receiver);
  }

  /** The connection has ended. @returns whether the answer is complete now */
  end(): boolean {
    if (this.#state !== 'until-end') return false;
    this.#state = 'complete';
    return true;
  }

  /** @returns where to go on */
  #readSome(chunk: Buffer, at: number, receiver: AnswerReceiver): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(chunk, at, receiver);
      case 'until-end':
        receiver.onBody(at === 0 ? chunk : chunk.subarray(at));
        return chunk.length;
      case 'length':
      case 'chunk':
        return this.#readBody(chunk, at, receiver);
      case 'chunk-size':
      case 'chunk-end':
      case 'trailers':
        return this.#readLine(chunk, at);
      case 'complete':
        // Bytes that nobody has asked for.
        this.#keepsAlive = false;
        return chunk.length;
    }
  }

  #readHead(chunk: Buffer, at: number, receiver: AnswerReceiver): number {
    const before = this.#text.length;
    const text = this.#text + chunk.toString('latin1', at, Math.min(chunk.length, at + maxHeadBytes));
    const ends = text.indexOf('\r\n\r\n', Math.max(0, before - 3));
    if (ends === -1) {
      if (text.length >= maxHeadBytes) throw new InvalidAnswer('The head of the answer is too long.');
      if (!text.startsWith('HTTP/1.'.slice(0, text.length))) throw new InvalidAnswer('The answer is not HTTP/1.1.');
      this.#text = text;
      return chunk.length;
    }
    this.#text = '';
    this.#begin(text, ends, receiver);
    return at + ends + 4 - before;
  }

  /** @param ends where the last line of the head ends */
  #begin(text: string, ends: number, receiver: AnswerReceiver): void {
    const lineEnds = text.indexOf('\r\n');
    const [, minorVersion, digits] = statusLine.exec(text.slice(0, lineEnds)) ?? [];
    if (digits === undefined) throw new InvalidAnswer('The answer is not HTTP/1.1.');
    const status = Number(digits);
    const headers = parseFields(text, lineEnds + 2, ends);
    if (status < 200 && status !== 101) {
      receiver.onHead(status, headers);
      return;
    }
    this.#keepsAlive = isKeptAlive(minorVersion === '1', headers['connection']);
    this.#idleLimitMs = idleLimitOf(headers['keep-alive']);
    this.#state = this.#frame(status, headers);
    receiver.onHead(status, headers);
  }

  /** Finds where the body ends. Source: RFC 9112 section 6.3. */
  #frame(status: number, headers: Readonly<Record<string, string>>): State {
    const { 'transfer-encoding': coding, 'content-length': length } = headers;
    if (coding !== undefined && length !== undefined) throw new InvalidAnswer('The answer has a length and chunks.');
    if (coding === '') throw new InvalidAnswer('The coding of the answer is empty.');
    if (length !== undefined && !/^[0-9]{1,15}$/.test(length)) throw new InvalidAnswer('The length is not a number.');
    if (this.#isHeadOnly || status === 204 || status === 304 || status === 101) {
      // A server that sends a body all the same would otherwise begin the next answer with it.
      if (!this.#isHeadOnly && (coding !== undefined || Number(length) > 0)) this.#keepsAlive = false;
      return 'complete';
    }
    if (coding !== undefined && /(?:^|,)[ \t]*chunked$/i.test(coding)) return 'chunk-size';
    if (coding !== undefined || length === undefined) {
      this.#keepsAlive = false;
      return 'until-end';
    }
    this.#left = Number(length);
    return this.#left === 0 ? 'complete' : 'length';
  }

  #readBody(chunk: Buffer, at: number, receiver: AnswerReceiver): number {
    const ends = Math.min(chunk.length, at + this.#left);
    this.#left -= ends - at;
    if (this.#left === 0) this.#state = this.#state === 'chunk' ? 'chunk-end' : 'complete';
    receiver.onBody(chunk.subarray(at, ends));
    return ends;
  }

  #readLine(chunk: Buffer, at: number): number {
    const lineFeed = chunk.indexOf(0x0a, at);
    const ends = lineFeed === -1 ? chunk.length : lineFeed + 1;
    this.#text += chunk.toString('latin1', at, ends);
    if (this.#text.length > maxHeadBytes) throw new InvalidAnswer('A line of the answer is too long.');
    if (lineFeed === -1) return ends;
    if (!this.#text.endsWith('\r\n')) throw new InvalidAnswer('A line of the answer ends without a carriage return.');
    const line = this.#text.slice(0, -2);
    this.#text = '';
    this.#state = this.#afterLine(line);
    return ends;
  }

  #afterLine(line: string): State {
    if (this.#state === 'trailers') {
      if (line === '') return 'complete';
      parseFields(line, 0, line.length);
      return 'trailers';
    }
    if (this.#state === 'chunk-end') {
      if (line !== '') throw new InvalidAnswer('A chunk of the answer is longer than its size.');
      return 'chunk-size';
    }
    const digits = chunkSize.exec(line)?.[1];
    if (digits === undefined) throw new InvalidAnswer('The size of a chunk is not a number.');
    this.#left = Number.parseInt(digits, 16);
    return this.#left === 0 ? 'trailers' : 'chunk';
  }
}
