import type { HttpAnswer, HttpRequest } from '../../../lib/core/delivery/delivery.ts';
import type { HttpClient } from '../../../lib/ports/delivery.ts';

/** Returns the answer to a request; `index` counts the requests from 0. Undefined members: status 200, no headers, no body. */
export type AnswerRequest = (
  request: HttpRequest,
  index: number,
) => Partial<HttpAnswer> | undefined | Promise<Partial<HttpAnswer> | undefined>;

export interface FakeEndpoint {
  readonly origin: string;
  /** In the order in which they were sent. Header names are in lower case. */
  readonly requests: readonly HttpRequest[];
  /** A client whose every request goes to this endpoint. */
  readonly http: HttpClient;
}

/** An endpoint in memory, for tests that need no network. */
export function createFakeEndpoint(answer: AnswerRequest = () => undefined): FakeEndpoint {
  const requests: HttpRequest[] = [];
  const http: HttpClient = {
    async send(request) {
      const headers = Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]);
      const recorded = { ...request, headers: Object.fromEntries(headers) };
      requests.push(recorded);
      const answered = await answer(recorded, requests.length - 1);
      return { kind: 'answer', answer: { status: 200, headers: {}, body: '', ...answered } };
    },
  };
  return { origin: 'https://endpoint.example', requests, http };
}
