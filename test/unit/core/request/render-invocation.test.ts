import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ApiDestination, HttpMethod } from '../../../../lib/core/destination/api-destination.ts';
import type { Connection } from '../../../../lib/core/destination/connection.ts';
import type { ConnectionHttpParameters, ConnectionSecret } from '../../../../lib/core/destination/connection-secret.ts';
import type {
  DeliveryTarget,
  EventDocument,
  InvocationRequest,
  TargetHttpParameters,
} from '../../../../lib/core/delivery/delivery.ts';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import { renderInvocation } from '../../../../lib/core/request/render-invocation.ts';
import { policyOf } from '../../../fakes/delivery-policies.ts';
import { failureOf } from '../failure/failing.ts';

const destination: ApiDestination = {
  name: 'orders',
  arn: 'arn:aws:events:eu-west-1:123456789012:api-destination/orders/d1',
  incarnation: 'd1',
  connectionArn: 'arn:aws:events:eu-west-1:123456789012:connection/shop/c1',
  invocationEndpoint: 'https://example.com/hook',
  httpMethod: 'POST',
  invocationRateLimitPerSecond: 300,
  creationTimeMs: 0,
  lastModifiedTimeMs: 0,
  revision: 1,
};

const connection: Connection = {
  name: 'shop',
  arn: destination.connectionArn,
  incarnation: 'c1',
  state: 'AUTHORIZED',
  authorizationType: 'BASIC',
  secretName: 's',
  visibleAuthParameters: {},
  creationTimeMs: 0,
  lastModifiedTimeMs: 0,
  revision: 1,
};

const basic: ConnectionSecret = { credentials: { authorizationType: 'BASIC', username: 'u', password: 'p' } };

const event: JsonObject = {
  id: 'e1',
  source: 'shop',
  detail: { id: 17, name: 'Ada L', evil: 'a\r\nX-Evil: 1', list: [1] },
};

interface Given {
  readonly endpoint?: string;
  readonly method?: HttpMethod;
  readonly parameters?: ConnectionHttpParameters;
  readonly secret?: ConnectionSecret;
  readonly target?: DeliveryTarget;
  readonly event?: EventDocument;
}

type Resolved = ReturnType<typeof resolvedFrom>;

function renderResolved({ delivery, ...destination }: Resolved, rendering = context): InvocationRequest {
  return renderInvocation(delivery, destination, rendering);
}

function resolvedFrom(given: Given) {
  const secret = given.secret ?? basic;
  return {
    delivery: {
      apiDestination: 'orders',
      event: given.event ?? { value: event },
      target: given.target ?? {},
      attempts: 0,
      postponements: 0,
      firstReceivedAtMs: 0,
    },
    apiDestination: {
      ...destination,
      invocationEndpoint: given.endpoint ?? destination.invocationEndpoint,
      httpMethod: given.method ?? 'POST',
    },
    connection,
    secret: given.parameters === undefined ? secret : { ...secret, invocationHttpParameters: given.parameters },
    policy: policyOf(),
  };
}

const context = { userAgent: 'lastmile/test' };

function render(given: Given): InvocationRequest {
  return renderResolved(resolvedFrom(given));
}

function parameter(key: string, value: string) {
  return { key, value, isValueSecret: false };
}

function withParameters(HttpParameters: TargetHttpParameters): DeliveryTarget {
  return { HttpParameters };
}

describe('an event that is not a JSON object', () => {
  const text: EventDocument = { value: 'h\u00e9', form: 'text' };
  const bytes: EventDocument = { value: '/wA=', form: 'bytes' };

  test.each<[what: string, event: EventDocument, body: string, type: string]>([
    ['text', text, 'h\u00e9', 'text/plain; charset=utf-8'],
    ['a list', { value: [1], text: '[1.0]' }, '[1.0]', 'application/json; charset=utf-8'],
    ['a number', { value: 1, text: '1.0' }, '1.0', 'application/json; charset=utf-8'],
    ['a JSON text', { value: 'a' }, '"a"', 'application/json; charset=utf-8'],
  ])('an event that is %s is sent as what it is, with a fitting Content-Type', (_what, given, body, type) => {
    const request = render({ event: given });
    expect([request.body, request.headers['Content-Type']]).toEqual([body, type]);
  });

  test('an event that is bytes is sent as these bytes', () => {
    const { body, headers } = render({ event: bytes });
    expect(Buffer.from(body as Uint8Array)).toEqual(Buffer.from([255, 0]));
    expect(headers['Content-Type']).toBe('application/octet-stream');
    expect(render({ event: bytes, target: { InputPath: '$' } }).body).toEqual(body);
  });

  test('a Content-Type of the target or of the connection is sent instead of the one that fits the event', () => {
    const target = withParameters({ HeaderParameters: { 'content-type': 'text/csv' } });
    expect(render({ event: text, target }).headers).toMatchObject({ 'content-type': 'text/csv' });
    const headers = { 'Content-Type': 'text/xml' };
    const parameters = { headerParameters: [parameter('Content-Type', 'text/xml')] };
    expect(render({ event: text, target, parameters }).headers).toMatchObject(headers);
  });

  test.each<[DeliveryTarget, string]>([
    [{ Input: '{"a":1}' }, '{"a":1}'],
    [{ InputTransformer: { InputTemplate: '{"a": <aws.events.event>}' } }, '{"a": "h\u00e9"}'],
    [{ InputTransformer: { InputTemplate: '{"a": <aws.events.event.json>}' } }, '{"a": "h\u00e9"}'],
  ])('the target %j makes JSON of an event that is text', (target, body) => {
    const request = render({ event: text, target });
    expect(request).toMatchObject({ body, headers: { 'Content-Type': 'application/json; charset=utf-8' } });
  });

  test.each([text, bytes, { value: '{}', form: 'text' } as const])(
    'the event %j is refused when the connection has body parameters',
    (given) => {
      const parameters = { bodyParameters: [parameter('a', 'b')] };
      expect(failureOf(() => render({ event: given, parameters }))).toContain('need a body that is a JSON object');
    },
  );
});

test('a plain event is posted with the fixed headers and its own content', () => {
  expect(render({})).toEqual({
    stage: 'rendered',
    method: 'POST',
    origin: 'https://example.com',
    path: '/hook',
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'User-Agent': 'lastmile/test',
      Range: 'bytes=0-1048575',
      'Accept-Encoding': 'gzip,deflate',
      'Idempotency-Key': 'e1/orders',
    },
    body: JSON.stringify(event),
  });
});

describe('the body', () => {
  test("the body of a request is the event's own text, byte for byte", () => {
    const text = '{ "id":"e1",\n "n":12345678901234567890, "f":1.0 }';
    expect(render({ event: { value: JSON.parse(text), text } }).body).toBe(text);
    expect(render({ event: { value: JSON.parse(text), text }, target: { InputPath: '$' } }).body).toBe(text);
  });

  test.each<[HttpMethod, string]>([
    ['POST', 'a body'],
    ['PUT', 'a body'],
    ['PATCH', 'a body'],
    ['DELETE', 'a body'],
    ['OPTIONS', 'a body'],
    ['GET', 'no body'],
    ['HEAD', 'no body'],
  ])('a request with the method %s has %s', (method, part) => {
    const request = render({ method, parameters: { bodyParameters: [parameter('a', '1')] } });
    expect([request.method, 'body' in request]).toEqual([method, part === 'a body']);
  });

  test.each<[DeliveryTarget, string]>([
    [{ Input: '{ "fixed": 1.0 }' }, '{ "fixed": 1.0 }'],
    [{ InputPath: '$.detail.list' }, '[1]'],
    [{ InputPath: '$.source' }, '"shop"'],
    [{ InputTransformer: { InputPathsMap: { id: '$.detail.id' }, InputTemplate: '{"id": <id>}' } }, '{"id": 17}'],
  ])('the body for the target %j is %s', (target, body) => {
    expect(render({ target }).body).toBe(body);
  });

  test.each<[DeliveryTarget, string]>([
    [{ Input: 'canary' }, 'target.Input is not JSON.'],
    [{ InputPath: '$.absent' }, 'target.InputPath finds nothing in the event.'],
    [{ InputPath: 'canary' }, 'target.InputPath is not a JSON path.'],
  ])('a request for the target %j is refused because its body cannot be built', (target, message) => {
    expect(failureOf(() => render({ target }))).toBe(`InvalidInvocation: ${message}`);
  });

  test("the connection's body parameters are added to the body and replace members of the same name", () => {
    const bodyParameters = [parameter('source', 'mine'), parameter('token', '1'), parameter('token', '2')];
    const { body } = render({ parameters: { bodyParameters } });
    expect(JSON.parse(String(body))).toEqual({ ...event, source: 'mine', token: '2' });
    expect(event).not.toHaveProperty('token');
  });

  test.each(['[1]', '"text"', '1', 'null'])(
    'a request with the body %s is refused when the connection has body parameters',
    (Input) => {
      const parameters = { bodyParameters: [parameter('canary', 'canary')] };
      expect(failureOf(() => render({ target: { Input }, parameters }))).toBe(
        "InvalidInvocation: The connection's body parameters need a body that is a JSON object.",
      );
    },
  );

  test('a body parameter named __proto__ becomes a member of the body', () => {
    const body = render({ parameters: { bodyParameters: [parameter('__proto__', 'v')] }, event: { value: {} } }).body;
    expect(body).toBe('{"__proto__":"v"}');
  });

  test('an event that is nested too deep for JSON.stringify is sent unchanged', () => {
    const text = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(render({ event: { value: JSON.parse(text) as JsonObject } }).body === text).toBe(true);
  });
});

describe('path and query', () => {
  test('parameters for path and query are read from the original event, not from the transformed one', () => {
    const request = render({
      endpoint: 'https://example.com/orders/*/by/*?v=1&page=9',
      target: {
        InputTransformer: { InputTemplate: '{"detail": {"id": 99}}' },
        HttpParameters: {
          PathParameterValues: ['$.detail.id', '$.detail.name'],
          QueryStringParameters: {
            page: '2',
            '$.source': '$.detail.name',
            missing: '$.detail.absent',
            '$.absent': 'x',
          },
        },
      },
    });
    expect(request.path).toBe('/orders/17/by/Ada%20L?v=1&page=2&shop=Ada%20L&missing=');
    expect(request.body).toBe('{"detail": {"id": 99}}');
  });

  test('a query parameter of the connection replaces that of the target, which replaces that of the endpoint', () => {
    const request = render({
      endpoint: 'https://example.com/?a=own&b=own&c=own',
      target: withParameters({ QueryStringParameters: { b: 'target', c: 'target', d: 'target' } }),
      parameters: { queryStringParameters: [parameter('c', 'connection'), parameter('e', 'x&y')] },
    });
    expect(request.path).toBe('/?a=own&b=target&d=target&c=connection&e=x%26y');
  });

  test("a connection's parameter that looks like a JSON path is sent literally", () => {
    const parameters = {
      queryStringParameters: [parameter('q', '$.detail.id')],
      headerParameters: [parameter('X-Id', '$.detail.id')],
      bodyParameters: [parameter('b', '$.detail.id')],
    };
    const request = render({ parameters });
    expect([request.path, request.headers['X-Id']]).toEqual(['/hook?q=%24.detail.id', '$.detail.id']);
    expect(JSON.parse(String(request.body))).toMatchObject({ b: '$.detail.id' });
  });

  test.each<[string, DeliveryTarget, string]>([
    ['https://example.com/*', {}, 'has 1 path wildcards, but PathParameterValues has 0 values'],
    [
      'https://example.com/*',
      withParameters({ PathParameterValues: ['$.absent'] }),
      'PathParameterValues[0] finds nothing',
    ],
    [
      'https://example.com/',
      withParameters({ QueryStringParameters: { q: '$.a..b' } }),
      'QueryStringParameters.q is not',
    ],
    ['https://u:p@example.com/', {}, 'must not contain a user name'],
  ])('the endpoint %s with the target %j is refused', (endpoint, target, message) => {
    expect(failureOf(() => render({ endpoint, target }))).toContain(message);
  });
});

describe('headers', () => {
  test("the connection's headers replace the target's in upper and lower case, and no name is sent twice", () => {
    const { headers } = render({
      target: withParameters({
        HeaderParameters: { 'x-both': 'target', 'X-Target': '$.detail.name', 'content-type': 'text/plain' },
      }),
      parameters: { headerParameters: [parameter('X-Both', 'connection'), parameter('X-Connection', 'c')] },
    });
    expect(headers).toMatchObject({
      'X-Both': 'connection',
      'X-Connection': 'c',
      'X-Target': 'Ada L',
      'content-type': 'text/plain',
    });
    const names = Object.keys(headers).map((name) => name.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
    expect(headers).not.toHaveProperty('Content-Type');
  });

  test('headers that are never forwarded are dropped from target and connection', () => {
    const { headers } = render({
      target: withParameters({ HeaderParameters: { host: '$.a..b', 'USER-AGENT': 'evil', Range: 'bytes=0-' } }),
      parameters: { headerParameters: [parameter('Content-Length', '1'), parameter('Accept-Encoding', 'br')] },
    });
    expect(headers).toEqual(render({}).headers);
  });

  test.each<[string, Given]>([
    ['target', { target: withParameters({ HeaderParameters: { 'X-Key': '$.detail.evil' } }) }],
    ['connection', { parameters: { headerParameters: [parameter('X-Key', 'canary\0')] } }],
  ])('a header value of the %s with forbidden characters is a permanent failure and is not shown', (_from, given) => {
    expect(failureOf(() => render(given))).toBe(
      'InvalidInvocation: The header X-Key has a value with characters that are not allowed.',
    );
  });

  test('a header parameter has an empty value when its path finds nothing', () => {
    expect(render({ target: withParameters({ HeaderParameters: { 'X-A': '$.absent' } }) }).headers['X-A']).toBe('');
  });

  test('an Idempotency-Key of the target replaces the one that Lastmile sets', () => {
    const target = withParameters({ HeaderParameters: { 'idempotency-key': '$.source' } });
    expect(Object.entries(render({ target }).headers).filter(([name]) => /^idempotency-key$/i.test(name))).toEqual([
      ['idempotency-key', 'shop'],
    ]);
  });

  test.each<[string, ConnectionSecret, string]>([
    ['BASIC', basic, 'authorization'],
    [
      'API_KEY',
      { credentials: { authorizationType: 'API_KEY', apiKeyName: 'X-Api-Key', apiKeyValue: 'k' } },
      'x-api-key',
    ],
    [
      'API_KEY in the header Idempotency-Key',
      { credentials: { authorizationType: 'API_KEY', apiKeyName: 'Idempotency-Key', apiKeyValue: 'k' } },
      'idempotency-key',
    ],
  ])('no parameter replaces the header with the credentials of type %s', (_, secret, name) => {
    const { headers } = render({
      secret,
      target: withParameters({ HeaderParameters: { [name]: 'mine' } }),
      parameters: { headerParameters: [parameter(name.toUpperCase(), 'mine')] },
    });
    expect(Object.keys(headers).map((each) => each.toLowerCase())).not.toContain(name);
  });
});

describe('prepared parts of a request', () => {
  test('cached headers and paths are not used after a change of destination, secret or user agent', () => {
    const resolved = resolvedFrom({});
    const first = renderResolved(resolved, context);
    const moved = { ...resolved.apiDestination, invocationEndpoint: 'https://other.example/x' };
    expect(renderResolved({ ...resolved, apiDestination: moved }, context).origin).toBe('https://other.example');
    const secret = { ...basic, invocationHttpParameters: { headerParameters: [parameter('X-New', '1')] } };
    expect(renderResolved({ ...resolved, secret }, context).headers).toHaveProperty('X-New', '1');
    expect(renderResolved(resolved, { userAgent: 'other' }).headers['User-Agent']).toBe('other');
    expect(renderResolved(resolved, context)).toEqual(first);
  });

  test('the parameters of one delivery do not change a later delivery without parameters', () => {
    const resolved = resolvedFrom({});
    const plain = renderResolved(resolved, context);
    const target = withParameters({ HeaderParameters: { 'X-A': 'a' }, QueryStringParameters: { q: '1' } });
    renderResolved({ ...resolved, delivery: { ...resolved.delivery, target } }, context);
    expect(renderResolved(resolved, context)).toEqual(plain);
  });

  test('no header or query value of one delivery is sent with the next delivery', () => {
    const resolved = resolvedFrom({});
    const withTarget = (HttpParameters: TargetHttpParameters): InvocationRequest =>
      renderResolved({ ...resolved, delivery: { ...resolved.delivery, target: { HttpParameters } } }, context);
    withTarget({ HeaderParameters: { 'X-First': 'canary' }, QueryStringParameters: { first: 'canary' } });
    const second = withTarget({ HeaderParameters: { 'X-Second': '2' }, QueryStringParameters: { second: '2' } });
    expect(JSON.stringify(second)).not.toContain('canary');
    expect([second.path, second.headers['X-Second']]).toEqual(['/hook?second=2', '2']);
  });
});

test('any event and target give a valid HTTP request or a Failure', () => {
  const path = fc.constantFrom('$.detail.a', '$.detail[*]', '$.a', 'x', '$.detail.a.b', "$['detail']");
  const texts = fc.dictionary(fc.constantFrom('X-A', 'host', '$.a', '__proto__', 'authorization'), path);
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), path, texts, texts, (a, detail, pathValue, headerTexts, queryTexts) => {
      const value = { a, detail: { a: detail } } as JsonObject;
      const target = withParameters({
        PathParameterValues: [pathValue],
        HeaderParameters: headerTexts,
        QueryStringParameters: queryTexts,
      });
      let request: InvocationRequest | undefined;
      const outcome = failureOf(() => {
        request = render({ endpoint: 'https://example.com/*?z=1', target, event: { value } });
      });
      expect(outcome).toMatch(/^(no failure|InvalidInvocation: )/);
      if (request === undefined) return;
      expect(new URL(request.origin + request.path).host).toBe('example.com');
      expect(request.path).toMatch(/^\/[\x21-\x7e]+$/);
      for (const header of Object.values(request.headers)) expect(header).not.toMatch(/[\r\n\0]/);
    }),
  );
});
