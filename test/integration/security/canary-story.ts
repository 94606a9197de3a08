import { randomBytes } from 'node:crypto';
import type { StackProcess } from '../../servers/aws/stack-process.ts';
import { startStackProcess } from '../../servers/aws/stack-process.ts';
import { startMisbehavingEndpoint } from '../../servers/endpoints/misbehaving-endpoint.ts';
import { startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { startTokenEndpoint, type TokenEndpointAnswer } from '../../servers/oauth/oauth-token-endpoint.ts';

/** Secrets that must never be in the output or in an answer to a client. Each one is a unique text. */
export const canaries = {
  password: canary('password'),
  apiKey: canary('api-key'),
  clientSecret: canary('client-secret'),
  header: canary('header'),
  query: canary('query'),
  body: canary('body'),
  tokenHeader: canary('token-header'),
  tokenBody: canary('token-body'),
  accessToken: canary('access-token'),
  tokenError: canary('token-error'),
  event: canary('event'),
  targetHeader: canary('target-header'),
  endpointAnswer: canary('endpoint-answer'),
  policySecret: canary('policy-secret'),
  signingKey: canary('signing-key'),
  kept: canary('kept'),
  refusedInput: canary('refused-input'),
} as const;

function canary(name: string): string {
  return `canary-${name}-${randomBytes(6).toString('hex')}`;
}

/**
 * Canaries that an endpoint repeats in its answer although they are no credentials of its connection. Log lines and answers to
 * clients may contain them, but only as the endpoint's answer.
 */
export const repeatable: ReadonlySet<string> = new Set(['event', 'targetHeader', 'endpointAnswer']);

/** The texts within the text that may be Base64, decoded. A part of a longer text may begin at any character. */
export function decoded(text: string): string {
  const runs = text.match(/[\w+/-]{12,}/g) ?? [];
  const texts = runs.flatMap((run) =>
    [0, 1, 2, 3].map((skipped) => Buffer.from(run.slice(skipped), 'base64').toString('latin1')),
  );
  return texts.join('\n');
}

/** The forms in which the secret could be printed: in base64 as in a BASIC header, and as bytes. */
export function disguisesOf(text: string): readonly string[] {
  const encodings = ['base64', 'base64url', 'hex'] as const;
  const forms = [text, `jo:${text}`].flatMap((form) =>
    encodings.map((encoding) => Buffer.from(form).toString(encoding)),
  );
  return [text, ...forms.map((form) => form.replace(/=+$/, ''))];
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: string;
}

/** The servers that the stack calls. */
export async function startSurroundings() {
  /** Sets all later answers of the token endpoint. */
  const token: { answer: TokenEndpointAnswer } = { answer: granted };
  /** The bodies of all answers of the endpoint and the token endpoint. */
  const answered: unknown[] = [];
  const [endpoint, garbage, tokenEndpoint] = await Promise.all([
    startRecordingEndpoint(({ path, headers, body }) => {
      const status = Number(/^\/status\/([0-9]+)/.exec(path)?.[1] ?? 0);
      if (status === 0) return new Promise(() => undefined);
      // The endpoint repeats the whole request in its answer, also encoded.
      const request = { headers, path, body };
      const base64 = Buffer.from(JSON.stringify(request)).toString('base64');
      const echo = JSON.stringify({ error: canaries.endpointAnswer, ...request, base64 });
      answered.push(echo);
      return {
        status,
        headers: { location: `/${canaries.endpointAnswer}`, 'x-echo': canaries.endpointAnswer },
        body: echo,
      };
    }),
    startMisbehavingEndpoint((socket, { text }) => socket.end(`HTTP/1.1 ${canaries.endpointAnswer}\r\n${text}`)),
    startTokenEndpoint(() => {
      answered.push(token.answer);
      return token.answer;
    }),
  ]);
  const close = () => Promise.all([endpoint.close(), garbage.close(), tokenEndpoint.close()]);
  return { token, answered, endpoint, garbage, tokenEndpoint, close };
}

export type Surroundings = Awaited<ReturnType<typeof startSurroundings>>;

export const granted = {
  body: { access_token: canaries.accessToken, token_type: 'Bearer', expires_in: 3600, scope: canaries.tokenError },
};

/** Bad answers of a token endpoint. Each one contains the client secret, as if the endpoint echoed the request. */
export const wrongTokenAnswers: readonly TokenEndpointAnswer[] = [
  { status: 500, body: { message: canaries.tokenError, client_secret: canaries.clientSecret } },
  { status: 302, headers: { location: `/?secret=${canaries.clientSecret}` }, body: canaries.tokenError },
  { body: `<html>${canaries.tokenError} ${canaries.accessToken}` },
  { body: { token: canaries.accessToken } },
  { body: { access_token: `${canaries.accessToken}\r\nx: y` } },
  { body: { access_token: `${canaries.accessToken}\0`, token_type: `b ${canaries.tokenError}` } },
  { body: { access_token: '', expires_in: canaries.tokenError } },
  'reset',
];

export const refusedCredentials: TokenEndpointAnswer = {
  status: 401,
  body: { error: 'invalid_client', error_description: `${canaries.clientSecret} is wrong`, hint: canaries.tokenError },
};

/** The stack as a separate process. The tests call it over plain HTTP, so that they see whole answers. */
export class WatchedStack {
  readonly answers: Answer[] = [];
  readonly #processes: StackProcess[] = [];
  readonly #folder: string;
  #url = '';

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    const started = startStackProcess(['--port', '0', '--data-dir', this.#folder], {
      REQUEST_TIMEOUT_MS: '500',
      // Long enough that no retry comes back during the tests.
      RETRY_BASE_DELAY_MS: '900000',
      // People set these variables for debugging. They must not reveal any secret.
      POWERTOOLS_LOGGER_LOG_EVENT: 'true',
      POWERTOOLS_LOG_LEVEL: 'DEBUG',
      POWERTOOLS_DEV: 'true',
    });
    this.#processes.push(started);
    this.#url = await started.url;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const last = this.#processes.at(-1);
    last?.process.kill(signal);
    await last?.ended;
  }

  /** The output of all processes. */
  get printed(): string {
    return this.#processes.map((each) => `${each.stdout()}${each.stderr()}`).join('');
  }

  get url(): string {
    return this.#url;
  }

  async send(
    service: string,
    path: string,
    headers: Record<string, string>,
    body: string | Uint8Array,
  ): Promise<Answer> {
    const credential = `any/20260101/us-east-1/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`;
    const response = await fetch(this.#url + path, { method: 'POST', headers: { authorization, ...headers }, body });
    const answer = {
      status: response.status,
      text: await response.text(),
      headers: JSON.stringify([...response.headers]),
    };
    this.answers.push(answer);
    return answer;
  }

  /** Calls an operation of the control API. An input that is a string is sent unchanged. */
  async control(operation: string, input: unknown): Promise<Answer> {
    const body = typeof input === 'string' ? input : JSON.stringify(input);
    return this.send('events', '/', { 'x-amz-target': `AWSEvents.${operation}`, 'content-type': awsJson }, body);
  }

  /** Calls an operation that only Lastmile has. */
  async policy(operation: string, input: object): Promise<Answer> {
    const headers = { 'x-amz-target': `Lastmile.${operation}`, 'content-type': awsJson };
    return this.send('events', '/', headers, JSON.stringify(input));
  }

  async invoke(input: unknown, type = 'RequestResponse'): Promise<Answer> {
    const body = typeof input === 'string' ? input : JSON.stringify(input);
    const path = '/2015-03-31/functions/deliver/invocations';
    return this.send('lambda', path, { 'x-amz-invocation-type': type }, body);
  }
}

const awsJson = 'application/x-amz-json-1.1';
