/** Largest part of a body that is read, before and after decompression. Enough for any error text or token. */
export const maxBodyBytes = 65_536;

/**
 * Decodes the first `maxBodyBytes` of a body. A compressed body is decompressed, up to the same length.
 *
 * Failure policy: the status of an answer decides the outcome, so a damaged or unknown encoding does not fail the exchange.
 * The body is then returned as far as it can be read.
 *
 * @param encoding the Content-Encoding header; undefined means none
 */
export function bodyText(bytes: Uint8Array, encoding: string | undefined): string | Promise<string> {
  if (encoding === undefined || bytes.length === 0) return textOf(bytes);
  switch (encoding.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
    case 'deflate':
      return inflated(bytes).then(textOf);
    default:
      return textOf(bytes);
  }
}

/** Decodes the bytes, and leaves out a last character that the limit has cut in two. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes, { stream: bytes.length >= maxBodyBytes });
}

/** Decompresses the bytes, and stops at most one chunk after the limit, however large the output would become. */
async function inflated(bytes: Uint8Array): Promise<Uint8Array> {
  const zlib = await import('node:zlib');
  // A body that was cut at the limit lacks the end of its compressed data. Without this option, zlib would refuse it.
  const options = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
  const stream = isRawDeflate(bytes) ? zlib.createInflateRaw(options) : zlib.createUnzip(options);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    stream.end(bytes);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= maxBodyBytes) break;
    }
  } catch {
    if (length === 0) return bytes;
  } finally {
    stream.destroy();
  }
  return Buffer.concat(chunks).subarray(0, maxBodyBytes);
}

/** Many servers send `deflate` without the zlib header that RFC 9110 section 8.4.1.2 asks for. */
function isRawDeflate(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  const isGzip = first === 0x1f && second === 0x8b;
  const isZlib = (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
  return !isGzip && !isZlib;
}
