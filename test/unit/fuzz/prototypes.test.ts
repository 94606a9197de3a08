import { afterEach, expect, test } from 'vitest';
import { policyOf } from '../../fakes/delivery-policies.ts';
import { renderInvocation } from '../../../lib/core/request/render-invocation.ts';
import { parseConnectionSecret } from '../../../lib/core/destination/connection-secret.ts';
import { formatQueuedDelivery, parseQueueMessage } from '../../../lib/core/message/queued-delivery.ts';
import { apiDestinationOf } from '../../contract/dynamodb/subjects.ts';
import { createUndiciHttpClient } from '../../../lib/adapters/http/client.ts';
import { defaultTransport } from '../../../lib/core/destination/delivery-policy.ts';
import { loopback } from '../../servers/endpoints/loopback.ts';
import { startRecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';
import { nowMs } from '../core/message/deliveries.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];

/** The JSON text of an object with all these names. It is text because JavaScript cannot write some of the names in an object. */
const named = (valueOf: (name: string) => string) => `{${names.map((name) => `"${name}":${valueOf(name)}`).join(',')}}`;
const text = (name: string) => `"${name}!"`;

const event = `{"id":"e-1","detail":${named((name) => `{"in":${text(name)}}`)},"list":[${named(text)}]}`;
const target = `{
  "InputTransformer": {
    "InputPathsMap": ${named((name) => `"$.detail.${name}.in"`)},
    "InputTemplate": ${JSON.stringify(named((name) => `<${name}>`))}
  },
  "HttpParameters": {
    "PathParameterValues": ["$.list[0].__proto__"],
    "HeaderParameters": ${named((name) => `"$.detail['${name}'].in"`)},
    "QueryStringParameters": ${named((name) => `"$.list[0].${name}"`)}
  }
}`;
const secret = `{"username":"a","password":"b","__proto__":{"client_id":"x"},"invocation_http_parameters":{"body_parameters":[
  {"key":"__proto__","value":"body","is_value_secret":false}]}}`;

test("values under JavaScript's own property names reach the endpoint unchanged", async () => {
  const endpoint = await startRecordingEndpoint();
  const http = createUndiciHttpClient({ allowlist: loopback });
  opened.push(http, endpoint);
  const sent = { body: `{"apiDestination":"orders","event":${event},"target":${target}}`, attributes: {} };
  const options = { apiDestination: undefined, nowMs };
  // The delivery is read from a rule's message, queued, and read again.
  const { delivery } = parseQueueMessage(formatQueuedDelivery(parseQueueMessage(sent, options)), options);
  const apiDestination = apiDestinationOf('orders', { invocationEndpoint: `${endpoint.origin}/*` });
  const destination = { apiDestination, secret: parseConnectionSecret(secret), policy: policyOf() };
  const request = renderInvocation(delivery, destination, { userAgent: 'lastmile/test' });
  const { signal } = new AbortController();
  await http.send(request, { timeoutMs: 5000, signal, transport: defaultTransport, readSuccessBody: false });

  const [received] = endpoint.requests;
  const url = new URL(received?.path ?? '', endpoint.origin);
  expect(url.pathname).toBe('/__proto__%21');
  expect([...url.searchParams]).toEqual(names.map((name) => [name, `${name}!`]));
  const headers = received?.rawHeaders ?? [];
  for (const name of names) expect(headers[headers.indexOf(name) + 1]).toBe(`${name}!`);
  // The connection's parameter replaces one value of the event; all others are unchanged.
  expect(received?.body).toBe(named((name) => (name === '__proto__' ? '"body"' : text(name))));
  expect(Object.getOwnPropertyNames(Object.prototype).filter((name) => name === 'in' || name === 'client_id')).toEqual(
    [],
  );
  expect(({} as Record<string, unknown>)['username']).toBeUndefined();
});
