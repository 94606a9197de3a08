/*
 * Makes the pictures of the guide: `npm run pictures`. It starts a stack, fills it by clients, and takes pictures of pages of the console.
 */
import {
  CreateApiDestinationCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { createDestination, openClients } from '../fixtures/clients.ts';
import { startRecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { browserArguments, requireChromium, startStack } from './browser-and-stack.ts';

const folder = join(import.meta.dirname, '..', '..', 'docs', 'guide', 'pictures');

/** For each picture: the page, and a text that is there when the page has its data. */
const pictures = [
  ['console-connection', '/connections/shop', 'invoices'],
  ['console-api-destination', '/api-destinations/orders', 'Healthy'],
  ['console-deliveries', '/deliveries', '422'],
] as const;

/** Sends an event for each outcome: the endpoint takes all but one order. */
async function fill(url: string, endpoint: string): Promise<void> {
  const { events } = openClients(url);
  const shop = await createDestination(events, 'shop', { InvocationEndpoint: `${endpoint}/shop` });
  const HttpMethod = 'POST';
  const create = async (Name: string, Description: string) =>
    await events.send(
      new CreateApiDestinationCommand({
        Name,
        Description,
        HttpMethod,
        ConnectionArn: shop.ConnectionArn,
        InvocationEndpoint: `${endpoint}/${Name}`,
      }),
    );
  await create('invoices', 'Bills for customers');
  const { ApiDestinationArn: Arn } = await create('orders', 'Parcels for paid orders');
  await events.send(new PutRuleCommand({ Name: 'orders', EventPattern: '{"source":["com.example.shop"]}' }));
  const RoleArn = 'arn:aws:iam::123456789012:role/any';
  const RetryPolicy = { MaximumRetryAttempts: 0 };
  await events.send(new PutTargetsCommand({ Rule: 'orders', Targets: [{ Id: 'orders', Arn, RoleArn, RetryPolicy }] }));
  const Entries = ['paid', 'paid', 'cancelled', 'paid'].map((state) => ({
    Source: 'com.example.shop',
    DetailType: `order ${state}`,
    Detail: JSON.stringify({ state, amount: 42 }),
  }));
  await events.send(new PutEventsCommand({ Entries }));
}

const stack = await startStack();
const endpoint = await startRecordingEndpoint(({ body }) =>
  body.includes('cancelled')
    ? { status: 422, body: '{"error":"an order that was cancelled has no parcel"}' }
    : { status: 204 },
);
await fill(stack.url, endpoint.origin);
const browser = await chromium.launch({ executablePath: requireChromium(), args: browserArguments });
const page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, timezoneId: 'UTC', locale: 'en-GB' });
await page.goto(stack.consoleUrl);
mkdirSync(folder, { recursive: true });
for (const [name, path, text] of pictures) {
  await page.goto(new URL(path, stack.url).href);
  await page.getByText(text).first().waitFor();
  await page.waitForLoadState('networkidle');
  await page.screenshot({ path: join(folder, `${name}.png`) });
  console.log(`docs/guide/pictures/${name}.png`);
}
await browser.close();
await endpoint.close();
await stack.stop();
