import { InvokeCommand } from '@aws-sdk/client-lambda';
import { expect, test } from 'vitest';
import { createDestination } from '../fixtures/clients.ts';
import { ownEndpoint } from '../fixtures/stack.ts';
import { clientsIn, isTooWide, openConsole, regionsOf, seriousFindings } from './console-page.ts';

const newRegion = regionsOf('overview');

/** A region in which two events were delivered, one became a dead letter and one waits. */
async function regionWithDeliveries(): Promise<string> {
  const region = newRegion();
  const { events, lambda } = clientsIn(region);
  const statuses: Readonly<Record<string, number>> = { '/accepts': 200, '/refuses': 422, '/asks-later': 503 };
  const endpoint = await ownEndpoint(({ path }) => ({
    status: statuses[path] ?? 500,
    ...(path === '/asks-later' && { headers: { 'retry-after': '600' } }),
  }));
  for (const name of ['accepts', 'refuses', 'asks-later'])
    await createDestination(events, name, { InvocationEndpoint: `${endpoint.origin}/${name}` });
  for (const [index, apiDestination] of ['accepts', 'accepts', 'refuses', 'asks-later'].entries()) {
    const event = { id: `event-${index}`, 'detail-type': 'Order Placed', detail: {} };
    const Payload = JSON.stringify({ apiDestination, event });
    await lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-deliver', Payload }));
  }
  return region;
}

test('the first page is the overview, which shows the first step while there are no deliveries', async () => {
  const page = await openConsole({ region: newRegion() });
  await page.getByRole('heading', { name: 'Overview', exact: true }).waitFor();
  await page.getByText('No event was delivered in this time').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('link', { name: 'Create rule' }).click();
  await page.getByRole('heading', { name: 'Name and event bus' }).waitFor();
});

test('the overview counts deliveries, failures and waiting events, draws charts, and keeps its time range in the address', async () => {
  const page = await openConsole({ region: await regionWithDeliveries() });
  const valueOf = (label: string) =>
    page.getByText(label, { exact: true }).first().locator('xpath=following::dd[1]').innerText();
  await page.getByRole('heading', { name: 'Deliveries a minute' }).waitFor();
  await page.getByRole('heading', { name: 'Time of a delivery' }).waitFor();
  for (const name of ['Waiting events', 'Oldest wait', 'Open circuits'])
    await page.getByRole('heading', { name, exact: true }).waitFor();
  await page.getByText(/^Counted each minute since \S/).waitFor();
  const labels = ['Delivered in 1 hour', 'Failed in 1 hour', 'Waiting events'];
  expect(await Promise.all(labels.map(valueOf))).toEqual(['2', '1', '1']);
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('button', { name: '7 days' }).click();
  await page.getByText('Delivered in 7 days').waitFor();
  expect(new URL(page.url()).searchParams.get('range')).toBe('7d');
  await page.reload();
  await page.getByText('Delivered in 7 days').waitFor();
});

test('the overview fits a window of 360 pixels in the dark appearance', async () => {
  const viewport = { width: 360, height: 740 };
  const page = await openConsole({ region: await regionWithDeliveries(), viewport, colorScheme: 'dark' });
  await page.getByRole('heading', { name: 'Time of a delivery' }).waitFor();
  expect(await isTooWide(page)).toBe(false);
  expect(await seriousFindings(page)).toEqual([]);
});
