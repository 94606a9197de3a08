import { InvokeCommand } from '@aws-sdk/client-lambda';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetQueueUrlCommand, PurgeQueueCommand } from '@aws-sdk/client-sqs';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { type Clients, createDestination } from '../fixtures/clients.ts';
import { ownEndpoint } from '../fixtures/stack.ts';
import { choose, clientsIn, isTooWide, openConsole, regionsOf, seriousFindings, tabTo } from './console-page.ts';

const newRegion = regionsOf('deliveries');

async function deliver({ lambda }: Clients, id: string, apiDestination: string): Promise<void> {
  const Payload = JSON.stringify({ apiDestination, event: { id, 'detail-type': 'Order Placed', detail: {} } });
  await lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
}

/** A region with three API destinations: one accepts, one refuses and repeats its credential, one asks for a later attempt. */
async function regionWithDestinations(): Promise<{ region: string; clients: Clients; mend: () => void }> {
  const region = newRegion();
  const clients = clientsIn(region);
  let isMended = false;
  const endpoint = await ownEndpoint(({ path, headers }) => {
    if (path === '/accepts' || isMended) return { status: 200 };
    if (path === '/asks-later') return { status: 503, headers: { 'retry-after': '600' }, body: 'come back later' };
    return { status: 422, body: `no such order, said ${headers['x-key']}` };
  });
  for (const name of ['accepts', 'refuses', 'asks-later'])
    await createDestination(clients.events, name, { InvocationEndpoint: `${endpoint.origin}/${name}` }, 'key-canary');
  return { region, clients, mend: () => void (isMended = true) };
}

const panelOf = (page: Page) => page.getByRole('region', { name: 'Delivery', exact: true });

test('an empty list of deliveries says how the first one comes about', async () => {
  const page = await openConsole({ region: newRegion(), path: '/deliveries' });
  await page.getByText('There are no deliveries yet').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('link', { name: 'API destination', exact: true }).click();
  await page.getByText('There are no API destinations here').waitFor();
});

test('a person finds a delivery by its outcome, by the text of an answer and by its status, and the address keeps the filter', async () => {
  const { region, clients } = await regionWithDestinations();
  await deliver(clients, 'event-good', 'accepts');
  await deliver(clients, 'event-bad', 'refuses');
  const entry = { Source: 'test', DetailType: 'Unwanted', Detail: '{}' };
  await clients.events.send(new PutEventsCommand({ Entries: [entry] }));
  const page = await openConsole({ region, path: '/deliveries' });
  const [good, bad] = ['event-good', 'event-bad'].map((name) => page.getByRole('link', { name }));
  await page.getByText('Event bus default').waitFor();
  await choose(page, 'Outcome', 'Dead-lettered');
  await good?.waitFor({ state: 'detached' });
  await bad?.waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByLabel('Text', { exact: true }).fill('no such order');
  await page.waitForURL(/text=no\+such\+order/);
  await page.reload();
  await bad?.waitFor();
  await page.getByLabel('Text', { exact: true }).fill('another text');
  await page.getByText('Nothing matches the filter.').waitFor();
  await page.getByRole('button', { name: 'Clear all filters' }).click();
  await good?.waitFor();
  expect(await page.getByLabel('Text', { exact: true }).inputValue()).toBe('');
  await page.getByRole('button', { name: 'More filters' }).click();
  await page.getByLabel('HTTP status').fill('422');
  await good?.waitFor({ state: 'detached' });
  await page.getByLabel('HTTP status').fill('42');
  await page.getByText('Member must have value greater than or equal to 100').first().waitFor();
  expect(await page.getByLabel('HTTP status').getAttribute('aria-invalid')).toBe('true');
});

test('the panel of a delivery shows its attempts with their answers and waits, without credentials, and its address opens it again', async () => {
  const { region, clients } = await regionWithDestinations();
  await deliver(clients, 'event-bad', 'refuses');
  await deliver(clients, 'event-later', 'asks-later');
  const page = await openConsole({ region, path: '/deliveries' });
  await page.getByRole('link', { name: 'event-later' }).click();
  await panelOf(page).getByText('Attempt 1').waitFor();
  await panelOf(page).getByText('come back later').waitFor();
  await panelOf(page).getByText('the endpoint has asked for a pause with Retry-After').waitFor();
  expect(await panelOf(page).getByRole('button', { name: 'Replay' }).getAttribute('aria-disabled')).toBe('true');
  await page.getByRole('link', { name: 'event-bad' }).click();
  await panelOf(page).getByText('no such order, said ***').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  expect(await page.content()).not.toContain('key-canary');
  await page.goBack();
  await panelOf(page).getByText('come back later').waitFor();
  await page.reload();
  await panelOf(page).getByText('come back later').waitFor();
  await panelOf(page).getByRole('button', { name: 'Close panel' }).click();
  await panelOf(page).waitFor({ state: 'detached' });
  expect(page.url()).not.toContain('event-later');
});

test('a person replays a failed delivery by the keyboard alone, and the panel shows when it is delivered', async () => {
  const { region, clients, mend } = await regionWithDestinations();
  await deliver(clients, 'event-bad', 'refuses');
  mend();
  const page = await openConsole({ region, path: '/deliveries' });
  await page.getByRole('link', { name: 'event-bad' }).waitFor();
  await tabTo(page, 'event-bad');
  await page.keyboard.press('Enter');
  await panelOf(page).getByText('Attempt 1').waitFor();
  await tabTo(page, 'Replay');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('Idempotency-Key').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await tabTo(page, 'Replay');
  await page.keyboard.press('Enter');
  await page.getByText('was put into the delivery queue again, from its dead letter').waitFor();
  await panelOf(page).getByText('The endpoint has accepted the event.').waitFor();
});

test('a refused replay shows the text of the service in the dialog', async () => {
  const { region, clients } = await regionWithDestinations();
  await deliver(clients, 'event-bad', 'refuses');
  const { QueueUrl } = await clients.sqs.send(new GetQueueUrlCommand({ QueueName: 'lastmile-local-dead-letters' }));
  await clients.sqs.send(new PurgeQueueCommand({ QueueUrl }));
  const page = await openConsole({ region, path: '/deliveries' });
  await page.getByRole('link', { name: 'event-bad' }).click();
  await panelOf(page).getByRole('button', { name: 'Replay' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click();
  const refusal = page.getByRole('dialog').getByText('Somebody has moved or deleted it');
  await refusal.waitFor();
  expect(await refusal.textContent()).toContain('Failed to replay the delivery.');
});

test('the list of deliveries follows the stack while its tab is visible, and asks nothing while the tab is hidden', async () => {
  const { region, clients } = await regionWithDestinations();
  await deliver(clients, 'event-1', 'accepts');
  const page = await openConsole({ region, path: '/connections', hasOwnContext: true });
  await page.clock.install();
  await page.addInitScript('Object.defineProperty(document, "visibilityState", { value: "hidden", writable: true })');
  let reads = 0;
  page.on('request', (request) => {
    if (request.postData()?.includes('ListDeliveries') === true) reads += 1;
  });
  await page.goto(new URL(`/deliveries?region=${region}`, page.url()).href);
  await page.getByRole('link', { name: 'event-1' }).waitFor();
  for (let minute = 0; minute < 5; minute += 1) {
    // An answer that comes after the page's own work shows that the page has set its timers.
    await page.evaluate('fetch("/_console/settings").then((answer) => answer.text())');
    await page.clock.runFor(60_000);
  }
  expect(reads).toBe(1);
  await deliver(clients, 'event-2', 'accepts');
  await page.evaluate('document.visibilityState = "visible"; document.dispatchEvent(new Event("visibilitychange"))');
  await page.getByRole('link', { name: 'event-2' }).waitFor();
  await deliver(clients, 'event-3', 'accepts');
  await page.clock.runFor(5000);
  await page.getByRole('link', { name: 'event-3' }).waitFor();
});

test('a list of more deliveries than fit a page is paged by the server', async () => {
  const { region, clients } = await regionWithDestinations();
  for (let index = 0; index < 51; index += 1) await deliver(clients, `event-${index}`, 'accepts');
  const page = await openConsole({ region, path: '/deliveries' });
  await page.getByRole('link', { name: 'event-50' }).waitFor();
  expect(await page.getByRole('link', { name: 'event-0', exact: true }).count()).toBe(0);
  await page.getByRole('button', { name: 'Next page' }).click();
  await page.getByRole('link', { name: 'event-0', exact: true }).waitFor();
});

test('deliveries and their panel fit a window of 360 pixels, in the dark appearance, and a read-only console replays nothing', async () => {
  const { region, clients } = await regionWithDestinations();
  await deliver(clients, 'event-bad', 'refuses');
  const page = await openConsole({
    region,
    path: '/deliveries',
    viewport: { width: 360, height: 740 },
    colorScheme: 'dark',
    isReadOnly: true,
  });
  await page.getByRole('link', { name: 'event-bad' }).waitFor();
  expect(await isTooWide(page)).toBe(false);
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('link', { name: 'event-bad' }).click();
  await panelOf(page).getByText('no such order').waitFor();
  expect(await panelOf(page).getByRole('button', { name: 'Replay' }).getAttribute('aria-disabled')).toBe('true');
  expect(await isTooWide(page)).toBe(false);
  expect(await seriousFindings(page)).toEqual([]);
});
