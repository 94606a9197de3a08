import { DescribeApiDestinationCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Stack } from '../../lib/local/stack/stack.ts';
import { type Clients, createDestination } from '../fixtures/clients.ts';
import { sharedStack } from '../fixtures/stack.ts';
import { chromiumPath } from './client-processes.ts';

let stack: Stack;
let clients: Clients;
let queueUrl: string;
let browser: Browser;

const queuePath = '/123456789012/kept';
const invokePath = '/2015-03-31/functions/control-api/invocations';
const ownEndpoint = 'http://127.0.0.1:9/orders';

/** Moves the API destination, so that the next event brings the connection's key to the attacker. */
const theft = JSON.stringify({
  operation: 'UpdateApiDestination',
  input: { Name: 'orders', InvocationEndpoint: 'http://127.0.0.1:10/stolen' },
});

sharedStack.beforeAll(async ({ stack: started, clients: opened }) => {
  [stack, clients] = [started, opened];
  await createDestination(clients.events, 'orders', { InvocationEndpoint: ownEndpoint });
  const { QueueUrl = '' } = await clients.sqs.send(new CreateQueueCommand({ QueueName: 'kept' }));
  queueUrl = QueueUrl;
  await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'kept' }));
});

/**
 * For the browser, two names have the address of this machine: the site of another page, and a name that an attacker has
 * rebound.
 */
const settings = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebound.example 127.0.0.1',
];

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: chromiumPath, args: settings });
  return () => browser.close();
});

async function newPage(): Promise<Page> {
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  return page;
}

/** A page of another site. */
async function foreignPage(): Promise<Page> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<!doctype html><title>another site</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const page = await newPage();
  await page.goto(`http://evil.example:${(server.address() as AddressInfo).port}/`);
  return page;
}

interface Form {
  readonly action: string;
  readonly method: 'post' | 'get';
  readonly enctype?: string;
  readonly fields?: readonly (readonly [name: string, value: string])[];
}

const attribute = (text: string): string => `"${text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`;

/** Adds this HTML to the page. */
async function add(page: Page, html: string): Promise<void> {
  await page.evaluate(`document.body.insertAdjacentHTML('beforeend', ${JSON.stringify(html)})`);
}

/** Sends a form as a page does. Returns the status of the answer. */
async function submit(page: Page, { action, method, enctype = '', fields = [] }: Form): Promise<number> {
  const answered = page.waitForResponse((response) => response.url().startsWith(stack.url));
  const inputs = fields.map(([name, value]) => `<input name=${attribute(name)} value=${attribute(value)}>`);
  const attributes = `action=${attribute(action)} method=${method} enctype=${attribute(enctype)}`;
  await add(page, `<form ${attributes}>${inputs.join('')}</form>`);
  await page.evaluate('document.forms[document.forms.length - 1].submit()');
  return (await answered).status();
}

async function endpointOfOrders(): Promise<string | undefined> {
  const described = await clients.events.send(new DescribeApiDestinationCommand({ Name: 'orders' }));
  return described.InvocationEndpoint;
}

async function messagesKept(): Promise<string | undefined> {
  const AttributeNames = ['ApproximateNumberOfMessages' as const];
  const { Attributes } = await clients.sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames }));
  return Attributes?.['ApproximateNumberOfMessages'];
}

/** Sends the request from the page, and resolves when it has ended. A page cannot read the answer of another site. */
async function post(page: Page, url: string, init: { mode?: 'no-cors' | 'cors'; type?: string; body: string }) {
  return await page.evaluate(
    async ([to, { mode = 'no-cors', type, body }]) => {
      try {
        const headers = type === undefined ? {} : { 'content-type': type };
        const answer = await fetch(to, { method: 'POST', mode, headers, body });
        return answer.type === 'opaque' ? 'opaque' : `${answer.status} ${await answer.text()}`;
      } catch {
        return 'failed';
      }
    },
    [url, init] as const,
  );
}

describe('a page of another site in Chromium', () => {
  test.each([
    ['text without a preflight', { type: 'text/plain', body: theft }],
    ['text without a type', { body: theft }],
    ['JSON that asks for leave first', { mode: 'cors', type: 'application/json', body: theft }],
    ['text whose answer it wants to read', { mode: 'cors', type: 'text/plain', body: theft }],
  ] as const)('a page of another site that posts %s to a function changes nothing', async (_what, init) => {
    expect(await post(await foreignPage(), `${stack.url}${invokePath}`, init)).toMatch(/^(opaque|failed)$/);
    expect(await endpointOfOrders()).toBe(ownEndpoint);
  });

  test('a page of another site that posts a form of text to a function changes nothing', async () => {
    const [name = '', value = ''] = theft.replace('{', '{"a":"=",').split('=');
    const form = { action: `${stack.url}${invokePath}`, method: 'post', enctype: 'text/plain' } as const;
    expect(await submit(await foreignPage(), { ...form, fields: [[name, value]] })).toBe(403);
    expect(await endpointOfOrders()).toBe(ownEndpoint);
  });

  test.each(['post', 'get'] as const)(
    'a page of another site that sends a form by %s to a queue changes nothing',
    async (method) => {
      const action = `${stack.url}${queuePath}`;
      const form = { action, method, enctype: 'application/x-www-form-urlencoded' };
      expect(await submit(await foreignPage(), { ...form, fields: [['Action', 'PurgeQueue']] })).toBe(403);
      expect(await messagesKept()).toBe('1');
    },
  );

  test('a page of another site that shows a picture at the address of a queue changes nothing', async () => {
    const page = await foreignPage();
    const src = `${stack.url}${queuePath}?Action=PurgeQueue`;
    // The browser tells the page nothing about an answer that is not a picture, so the test waits for the answer itself.
    const asked = page.waitForRequest(src);
    await add(page, `<img src=${attribute(src)}>`);
    await (await asked).response();
    expect(await messagesKept()).toBe('1');
  });

  test('a page of another site cannot reset the stack, by a beacon or by a form', async () => {
    const page = await foreignPage();
    const url = `${stack.url}/_lastmile/reset`;
    const answered = page.waitForResponse(url);
    await page.evaluate(`navigator.sendBeacon(${JSON.stringify(url)}, 'x')`);
    expect((await answered).status()).toBe(403);
    expect(await submit(page, { action: url, method: 'post', enctype: 'text/plain', fields: [] })).toBe(403);
    expect(await endpointOfOrders()).toBe(ownEndpoint);
  });
});

describe('a page in Chromium whose name has the address of the stack', () => {
  test('a page whose name was bound to the address of the stack can neither call a function nor read the health', async () => {
    const page = await newPage();
    const origin = `http://rebound.example:${stack.port}`;
    await page.goto(`${origin}/_lastmile/health`);
    const asked = await post(page, `${origin}${invokePath}`, { mode: 'cors', type: 'application/json', body: theft });
    expect(asked).toMatch(/^403 .*The Host header/);
    expect(await page.evaluate(async () => (await fetch('/_lastmile/health')).status)).toBe(403);
    expect(await endpointOfOrders()).toBe(ownEndpoint);
  });
});

describe('a page of the stack itself in Chromium', () => {
  test('a page of the stack itself may call a function', async () => {
    const page = await newPage();
    await page.goto(`${stack.url}/_lastmile/health`);
    const body = '{"operation":"ListApiDestinations","input":{}}';
    const asked = await post(page, `${stack.url}${invokePath}`, { mode: 'cors', type: 'application/json', body });
    expect(asked).toMatch(/^200 .*"Name":"orders"/);
  });

  test('the message in the queue can still be received after all attacks', async () => {
    const { Messages } = await clients.sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
    expect(Messages).toMatchObject([{ Body: 'kept' }]);
  });
});
