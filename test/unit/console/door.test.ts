import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { DoorOptions, PerformOperation } from '../../../lib/console/door/door.ts';
import { maxConsoleBodyBytes } from '../../../lib/console/door/door.ts';
import { createConsoleServer } from '../../../lib/console/door/server.ts';
import { ConsoleSession } from '../../../lib/console/door/session.ts';

const token = 'a-token-that-only-this-test-knows';

/** The operations that the console has passed on. */
let performed: string[];
let port: number;

const perform: PerformOperation = (operation, input, region) => {
  performed.push(`${operation} ${JSON.stringify(input)} ${region}`);
  const error = { code: 'ResourceNotFoundException', message: "Connection 'crm' does not exist." };
  return Promise.resolve(operation === 'DescribeConnection' ? { error } : { output: { Connections: [] } });
};

async function startConsole({ isReadOnly = false } = {}): Promise<number> {
  const door: DoorOptions = {
    session: new ConsoleSession(token),
    port: () => port,
    settings: { door: 'local', stage: 'local', region: 'us-east-1', isReadOnly, version: '1.2.3' },
    files: {
      read: (name) => {
        const files: Readonly<Record<string, string>> = {
          'index.html': '<title>Lastmile</title>',
          'main.js': 'start()',
        };
        const body = files[name];
        return Promise.resolve(body === undefined ? undefined : { contentType: 'text/html', body: Buffer.from(body) });
      },
    },
    perform,
  };
  const server = createConsoleServer({ door, reportFault: (error) => expect.unreachable(String(error)) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

beforeEach(async () => {
  performed = [];
  port = await startConsole();
});

interface Asked {
  readonly method?: string;
  readonly path?: string;
  /** Undefined removes a header. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

interface Answered {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const cookie = (value = token): string => `lastmile-console-${port}=${value}`;

async function ask({ method = 'GET', path = '/', headers = {}, body = '' }: Asked = {}): Promise<Answered> {
  const all = { host: `127.0.0.1:${port}`, cookie: cookie(), ...headers };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request({ port, method, path, headers: given as Record<string, string> }, resolve)
    .on('error', reject)
    .end(body);
  const answer = await promise;
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

const list = JSON.stringify({ operation: 'ListConnections', input: { Limit: 5 }, region: 'eu-west-1' });

/** A call as the page makes it. */
async function call({ headers = {}, body = list, ...rest }: Asked = {}): Promise<Answered> {
  const own = {
    origin: `http://127.0.0.1:${port}`,
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/json',
  };
  return await ask({ method: 'POST', path: '/_console/api', body, headers: { ...own, ...headers }, ...rest });
}

const codeOf = ({ body }: Answered): unknown => (JSON.parse(body) as { __type: unknown }).__type;

describe('the first URL', () => {
  test('the first URL of the console sets a cookie that scripts cannot read, and leaves its token out of the address', async () => {
    const { status, headers } = await ask({
      path: `/connections?token=${token}&region=eu-west-1`,
      headers: { cookie: undefined },
    });
    expect([status, headers.location]).toEqual([303, '/connections?region=eu-west-1']);
    expect(headers['set-cookie']).toEqual([`${cookie()}; Path=/; HttpOnly; SameSite=Strict`]);
  });

  test('the first URL of the console does not lead to another host, even if its path begins with two slashes', async () => {
    const { headers } = await ask({ path: `//evil.example/?token=${token}` });
    expect(headers.location).toBe('/evil.example/');
  });

  test.each(['wrong', '', `${token}x`, token.slice(1)])(
    'the token "%s", which somebody guessed, opens no session of the console',
    async (guess) => {
      const { status, headers, body } = await ask({ path: `/?token=${guess}`, headers: { cookie: undefined } });
      expect([status, headers['set-cookie'], headers.location]).toEqual([401, undefined, undefined]);
      expect(body).toContain('Open the console with the link that the command printed');
    },
  );
});

describe('a session', () => {
  test('a browser with the cookie of the console gets the page at every path, its files and its settings', async () => {
    expect((await ask({ path: '/connections/crm' })).body).toContain('<title>Lastmile');
    expect((await ask({ path: '/_console/files/main.js' })).body).toBe('start()');
    expect(JSON.parse((await ask({ path: '/_console/settings' })).body)).toMatchObject({ stage: 'local' });
  });

  test.each([
    ['no cookie', () => undefined],
    ['a guessed token', () => cookie('guessed')],
    ['the cookie of a console at another port', () => `lastmile-console-1=${token}`],
  ])('a request with %s gets neither the page nor a file nor an answer of the console', async (_what, value) => {
    const headers = { cookie: value() };
    for (const path of ['/', '/connections', '/_console/settings', '/_console/files/main.js'])
      expect((await ask({ path, headers })).status).toBe(401);
    expect((await call({ headers })).status).toBe(401);
    expect(performed).toEqual([]);
  });

  test('the console passes a call of its page on, with its input and region', async () => {
    const { status, body } = await call();
    expect([status, body]).toEqual([200, '{"Connections":[]}']);
    expect(performed).toEqual(['ListConnections {"Limit":5} eu-west-1']);
  });

  test('the console answers a refusal of the service with its code and message', async () => {
    const answered = await call({ body: JSON.stringify({ operation: 'DescribeConnection', input: {}, region: 'x' }) });
    expect(answered.status).toBe(400);
    expect(JSON.parse(answered.body)).toEqual({
      __type: 'ResourceNotFoundException',
      message: "Connection 'crm' does not exist.",
    });
  });
});

describe('other senders', () => {
  test.each(['http://evil.example', 'null', 'http://127.0.0.1:1', 'https://127.0.0.1'])(
    'a page whose origin is %s can neither call an operation nor read the console, even with the cookie',
    async (origin) => {
      const answers = [await call({ headers: { origin } }), await ask({ headers: { origin } })];
      expect(answers.map(({ status }) => status)).toEqual([403, 403]);
      expect(answers.map(codeOf)).toEqual(['OriginRefused', 'OriginRefused']);
      expect(performed).toEqual([]);
    },
  );

  test('a call without the header Origin is refused by the console, because every browser sends it', async () => {
    expect(codeOf(await call({ headers: { origin: undefined } }))).toBe('OriginRefused');
    expect(performed).toEqual([]);
  });

  test.each(['cross-site', 'same-site'])(
    'a page that its browser calls %s gets nothing of the console',
    async (site) => {
      expect(codeOf(await ask({ headers: { 'sec-fetch-site': site } }))).toBe('OriginRefused');
      expect(codeOf(await call({ headers: { 'sec-fetch-site': site } }))).toBe('OriginRefused');
      expect(performed).toEqual([]);
    },
  );

  test.each([
    ['a name that an attacker bound to this address', () => `rebound.example:${port}`],
    ['no port', () => '127.0.0.1'],
    ['another port', () => '127.0.0.1:1'],
    ['a name that only begins like this machine', () => `127.0.0.1.evil.example:${port}`],
  ])('a request whose Host header has %s gets nothing of the console', async (_what, host) => {
    const headers = { host: host(), origin: `http://${host()}` };
    expect(codeOf(await call({ headers }))).toBe('HostRefused');
    expect(codeOf(await ask({ path: `/?token=${token}`, headers: { host: host() } }))).toBe('HostRefused');
    expect(performed).toEqual([]);
  });

  test.each(['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]'])('the console can be opened at %s', async (name) => {
    expect((await ask({ headers: { host: `${name}:${port}` } })).status).toBe(200);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8', undefined])(
    'the console refuses a call of the content type %s, which a form could send or which its page does not use',
    async (type) => {
      expect(codeOf(await call({ headers: { 'content-type': type } }))).toBe('ContentTypeRefused');
      expect(performed).toEqual([]);
    },
  );

  test('the console performs no call that does not come by POST', async () => {
    expect((await call({ method: 'PUT' })).status).toBe(405);
    expect((await ask({ path: '/_console/api' })).status).toBe(405);
    expect(performed).toEqual([]);
  });

  test('the page, the files and the settings of the console are only read', async () => {
    const headers = { origin: `http://127.0.0.1:${port}` };
    for (const path of ['/', '/_console/settings', '/_console/files/main.js'])
      expect((await ask({ method: 'POST', path, headers })).status).toBe(405);
  });
});

describe('operations', () => {
  test.each(['PutPermission', 'toString', ''])(
    'the operation "%s", which the page never calls, is refused by the console',
    async (operation) => {
      const answered = await call({ body: JSON.stringify({ operation, input: {}, region: 'us-east-1' }) });
      expect(codeOf(answered)).toBe('UnknownOperationException');
      expect(performed).toEqual([]);
    },
  );

  test.each(['', 'null', '{}', '{"operation":"ListConnections","input":[],"region":"x"}'])(
    'the body %j, which names no operation, input and region, is refused by the console',
    async (body) => {
      expect(codeOf(await call({ body }))).toBe('SerializationException');
      expect(performed).toEqual([]);
    },
  );

  test('a body that is too large for the console is refused with a reason, and is not reported as a fault of the console', async () => {
    const refused = await call({ body: 'x'.repeat(maxConsoleBodyBytes + 1) });
    expect([refused.status, codeOf(refused)]).toEqual([413, 'RequestEntityTooLargeException']);
    expect(refused.headers).toMatchObject({ connection: 'close', 'x-content-type-options': 'nosniff' });
    expect((await call({ body: `${list}${' '.repeat(maxConsoleBodyBytes - list.length)}` })).status).toBe(200);
  });

  test('a browser that leaves before its body is complete is not reported as a fault of the console', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const headers = { host: `127.0.0.1:${port}`, 'content-length': '10' };
    const leaving = request({ port, method: 'POST', path: '/_console/api', headers }).on('error', resolve);
    leaving.write('{', () => leaving.destroy(new Error('left')));
    await promise;
    expect((await call()).status).toBe(200);
  });

  test('a read-only console reads, and refuses what changes something', async () => {
    port = await startConsole({ isReadOnly: true });
    const body = JSON.stringify({ operation: 'DeleteConnection', input: { Name: 'crm' }, region: 'us-east-1' });
    const refused = await call({ body });
    expect([refused.status, codeOf(refused)]).toEqual([403, 'ReadOnly']);
    expect(performed).toEqual([]);
    expect((await call()).status).toBe(200);
  });
});

test('every answer of the console forbids other scripts, frames, guessed types, referrers and copies in caches', async () => {
  const answers = [
    await ask(),
    await call(),
    await ask({ headers: { cookie: undefined } }),
    await ask({ path: '/_console/x' }),
  ];
  for (const { headers } of answers) {
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    const policy = String(headers['content-security-policy']);
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]),
    );
    expect(policy).not.toContain('unsafe');
  }
});
