import { InvokeCommand } from '@aws-sdk/client-lambda';
import { DeleteMessageCommand, GetQueueUrlCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { type Clients, createDestination } from '../fixtures/clients.ts';
import { ownEndpoint } from '../fixtures/stack.ts';
import type { RecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { clientsIn, isTooWide, openConsole, regionsOf, seriousFindings, tabTo } from './console-page.ts';

const newRegion = regionsOf('letters');

interface RegionWithDeadLetters {
  readonly region: string;
  readonly clients: Clients;
  /** Accepts every request from now on. */
  readonly mend: () => void;
  readonly endpoint: RecordingEndpoint;
}

/** @param ids of events for the API destinations `orders` and `billing`, which refuse them */
async function regionWith(ids: { readonly orders: readonly string[]; readonly billing: readonly string[] }) {
  const region = newRegion();
  const clients = clientsIn(region);
  let isMended = false;
  const endpoint = await ownEndpoint(() => ({ status: isMended ? 200 : 422 }));
  for (const name of ['orders', 'billing'] as const) {
    await createDestination(clients.events, name, { InvocationEndpoint: `${endpoint.origin}/${name}` });
    for (const id of ids[name]) {
      const Payload = JSON.stringify({ apiDestination: name, event: { id, detail: {} } });
      await clients.lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
    }
  }
  return { region, clients, mend: () => void (isMended = true), endpoint } satisfies RegionWithDeadLetters;
}

/** Deletes the dead letter of one event, as somebody else could. */
async function removeDeadLetter({ sqs }: Clients, eventId: string): Promise<void> {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'lastmile-local-dead-letters' }));
  const read = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 };
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(read));
  const { ReceiptHandle } = Messages.find(({ Body }) => Body?.includes(`"${eventId}"`) === true) ?? {};
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
}

const link = (page: Page, name: string) => page.getByRole('link', { name, exact: true });
const panelOf = (page: Page) => page.getByRole('region', { name: 'Dead letter', exact: true });

test('an empty list of dead letters says that everything was delivered', async () => {
  const page = await openConsole({ region: newRegion(), path: '/dead-letters' });
  await page.getByText('There are no dead letters').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
});

test('a person filters the dead letters, and sees why one could not be delivered and what to do', async () => {
  const { region } = await regionWith({ orders: ['order-1'], billing: ['bill-1'] });
  const page = await openConsole({ region, path: '/dead-letters' });
  await link(page, 'order-1').waitFor();
  await page.getByLabel('API destination', { exact: true }).fill('billing');
  await link(page, 'order-1').waitFor({ state: 'detached' });
  await link(page, 'bill-1').click();
  await panelOf(page).getByText('The endpoint answered 422.', { exact: true }).waitFor();
  await panelOf(page).getByText('Correct the request or the endpoint.').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.reload();
  await panelOf(page).getByText('Correct the request or the endpoint.').waitFor();
  await page.getByLabel('API destination', { exact: true }).fill('not a name');
  await page.getByText('Member must satisfy regular expression pattern').first().waitFor();
});

test('a person redrives the selected dead letters, and sees for each that was not moved why', async () => {
  const { region, clients, mend, endpoint } = await regionWith({
    orders: ['order-1', 'order-2', 'order-3'],
    billing: [],
  });
  const page = await openConsole({ region, path: '/dead-letters' });
  await page.getByRole('checkbox', { name: 'Select event order-1' }).check();
  await page.getByRole('checkbox', { name: 'Select event order-2' }).check();
  await removeDeadLetter(clients, 'order-2');
  mend();
  await page.getByRole('button', { name: 'Redrive selected' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Redrive 2 dead letters?').waitFor();
  await dialog.getByRole('textbox').fill('often');
  await dialog.getByRole('button', { name: 'Redrive', exact: true }).click();
  await dialog.getByText('The rate must be a number from 0.1 to 10000.').waitFor();
  await dialog.getByRole('textbox').fill('100');
  await dialog.getByRole('button', { name: 'Redrive', exact: true }).click();
  await dialog.getByText('1 of 2 dead letters moved').waitFor();
  await dialog.getByText(/Event order-2: .*Somebody has moved or deleted it/).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Close', exact: true }).click();
  await link(page, 'order-1').waitFor({ state: 'detached' });
  await link(page, 'order-3').waitFor();
  await expect.poll(() => endpoint.requests.filter(({ body }) => body.includes('order-1')).length).toBe(2);
});

test('a person redrives all dead letters of one API destination by the keyboard alone, and the others stay', async () => {
  const { region, mend } = await regionWith({ orders: ['order-1'], billing: ['bill-1', 'bill-2', 'bill-3'] });
  mend();
  const page = await openConsole({ region, path: '/dead-letters' });
  await link(page, 'order-1').waitFor();
  await page.getByLabel('API destination', { exact: true }).fill('billing');
  await link(page, 'order-1').waitFor({ state: 'detached' });
  await link(page, 'bill-3').waitFor();
  await tabTo(page, 'Redrive all that match');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Redrive 3 dead letters?').waitFor();
  await tabTo(page, 'Redrive');
  await page.keyboard.press('Enter');
  await dialog.getByText('3 of 3 dead letters moved').waitFor();
  await dialog.getByText('The redrive has ended', { exact: true }).waitFor();
  await tabTo(page, 'Close');
  await page.keyboard.press('Enter');
  await page.getByText('Nothing matches the filter.').waitFor();
  await page.getByLabel('API destination', { exact: true }).fill('');
  await link(page, 'order-1').waitFor();
  expect(await link(page, 'bill-1').count()).toBe(0);
});

test('dead letters fit a window of 360 pixels, in the dark appearance, and a read-only console redrives nothing', async () => {
  const { region } = await regionWith({ orders: ['order-1'], billing: [] });
  const page = await openConsole({
    region,
    path: '/dead-letters',
    viewport: { width: 360, height: 740 },
    colorScheme: 'dark',
    isReadOnly: true,
  });
  await link(page, 'order-1').waitFor();
  for (const name of ['Redrive selected', 'Redrive all'])
    expect(await page.getByRole('button', { name }).getAttribute('aria-disabled')).toBe('true');
  expect(await isTooWide(page)).toBe(false);
  expect(await seriousFindings(page)).toEqual([]);
  await link(page, 'order-1').click();
  await panelOf(page).getByText('Correct the request or the endpoint.').waitFor();
  expect(await isTooWide(page)).toBe(false);
  expect(await seriousFindings(page)).toEqual([]);
});
