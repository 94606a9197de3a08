import { randomUUID } from 'node:crypto';

/** One HTTP request as the services of the local stack see it: whole, bounded, and with the region of its signature. */
export interface LocalRequest {
  readonly method: string;
  /** As it was sent: still percent-encoded. */
  readonly path: string;
  /** As it was sent, without the question mark; empty when there is none. */
  readonly query: string;
  /** Names in lower case; equal names joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly region: string;
  /** Who signed; the stack's own functions sign with their names. Undefined without a signature. */
  readonly accessKeyId: string | undefined;
  /** `host:port` by which the client reached the stack. */
  readonly host: string;
  readonly sourceAddress: string;
}

export interface LocalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export type LocalService = (request: LocalRequest) => Promise<LocalAnswer>;

/** A refusal with the name that AWS clients know; its message is what the client reads. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** awsJson: the code stands in the body as well, because older clients lose one that stands only in the header. */
export function awsJsonAnswer(body: unknown, version: '1.0' | '1.1'): LocalAnswer {
  return {
    status: 200,
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amzn-requestid': randomUUID() },
    body: JSON.stringify(body),
  };
}

export function awsJsonRefusal(refusal: Refusal, version: '1.0' | '1.1'): LocalAnswer {
  return {
    status: refusal.status,
    headers: {
      'content-type': `application/x-amz-json-${version}`,
      'x-amzn-errortype': refusal.code,
      'x-amzn-requestid': randomUUID(),
    },
    body: JSON.stringify({ __type: refusal.code, message: refusal.message }),
  };
}

/** restJson: the code stands in the header, the text in the body as the service writes it. */
export function restJsonRefusal(refusal: Refusal): LocalAnswer {
  return {
    status: refusal.status,
    headers: {
      'content-type': 'application/json',
      'x-amzn-errortype': refusal.code,
      'x-amzn-requestid': randomUUID(),
    },
    body: JSON.stringify({ Type: refusal.status < 500 ? 'User' : 'Service', message: refusal.message }),
  };
}
