import {
  CreateConnectionCommand,
  DescribeApiDestinationCommand,
  DescribeConnectionCommand,
  ListApiDestinationsCommand,
  ListConnectionsCommand,
} from '@aws-sdk/client-eventbridge';
import { expect, onTestFinished, test } from 'vitest';
import { type Clients, createDestination } from '../fixtures/clients.ts';
import type { AnswerRequest } from '../servers/endpoints/recording-endpoint.ts';
import { startRecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import { choose, clientsIn, isTooWide, openConsole, regionsOf, seriousFindings, tabTo } from './console-page.ts';

/** Each test has a region of its own. */
const newRegion = regionsOf('destinations');

async function startEndpoint(answer?: AnswerRequest) {
  const endpoint = await startRecordingEndpoint(answer);
  onTestFinished(() => endpoint.close());
  return endpoint;
}

test('a person makes an API destination together with its connection, and a test event reaches the endpoint', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  const endpoint = await startEndpoint(() => ({ status: 201 }));
  const page = await openConsole({ region, path: '/api-destinations' });
  await page.getByText('The form also makes the connection').waitFor();
  await page.getByRole('link', { name: 'Create API destination' }).first().click();
  await page.getByLabel('Name', { exact: true }).fill('orders');
  await page.getByLabel('URL').fill(`${endpoint.origin}/orders`);
  await choose(page, 'HTTP method', 'PUT');
  await page.getByLabel('Invocation rate limit per second').fill('50');
  await page.getByRole('radio', { name: /^Create a connection/ }).check();
  await page.getByLabel('Name', { exact: true }).nth(1).fill('shop');
  await page.getByLabel('Username').fill('admin');
  await page.getByLabel('Password').fill('password-canary');
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Create API destination' }).click();
  await page.getByText('API destination orders was created.').waitFor();
  expect(await events.send(new DescribeApiDestinationCommand({ Name: 'orders' }))).toMatchObject({
    HttpMethod: 'PUT',
    InvocationRateLimitPerSecond: 50,
  });
  await page.getByText('Authorization: Basic').waitFor();
  await page.getByRole('button', { name: 'Send test event' }).click();
  await page.getByText('Delivered', { exact: true }).waitFor();
  const basic = `Basic ${Buffer.from('admin:password-canary').toString('base64')}`;
  expect(endpoint.requests).toMatchObject([{ method: 'PUT', path: '/orders', headers: { authorization: basic } }]);
  const shown = await page.content();
  expect(shown).not.toContain('password-canary');
  expect(shown).not.toContain(basic.slice(6));
  expect(await seriousFindings(page)).toEqual([]);
});

test('a connection that was made before its API destination was refused stays chosen, and nothing that was entered is lost', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  const page = await openConsole({ region, path: '/create/api-destination' });
  await page.getByLabel('Name', { exact: true }).fill('orders');
  await page.getByLabel('URL').fill('https://192.168.1.1/');
  await page.getByRole('radio', { name: /^Create a connection/ }).check();
  await page.getByLabel('Name', { exact: true }).nth(1).fill('shop');
  await page.getByLabel('Username').fill('admin');
  await page.getByLabel('Password').fill('a-password');
  const create = page.getByRole('button', { name: 'Create API destination' });
  await create.click();
  await page
    .getByText(/Parameter InvocationEndpoint is not valid/)
    .first()
    .waitFor();
  expect(await events.send(new DescribeConnectionCommand({ Name: 'shop' }))).toMatchObject({ Name: 'shop' });
  await page
    .getByRole('button', { name: /^Existing connection/ })
    .filter({ hasText: 'shop' })
    .waitFor();
  expect(await page.getByLabel('URL').getAttribute('aria-invalid')).toBe('true');
  await page.getByLabel('URL').fill('https://example.com/');
  await create.click();
  await page.getByText('API destination orders was created.').waitFor();
});

test('a person chooses an existing connection by the beginning of its name', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  const AuthParameters = { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'v' } };
  for (const Name of ['billing', 'crm'])
    await events.send(new CreateConnectionCommand({ Name, AuthorizationType: 'API_KEY', AuthParameters }));
  const page = await openConsole({ region, path: '/create/api-destination' });
  await page.getByLabel('Name', { exact: true }).fill('orders');
  await page.getByLabel('URL').fill('https://example.com/');
  await page.getByRole('button', { name: /^Existing connection/ }).click();
  await page.getByPlaceholder('Beginning of the name').fill('cr');
  await page.getByRole('option', { name: 'billing' }).waitFor({ state: 'detached' });
  await page.getByRole('option', { name: 'crm' }).click();
  await page.getByRole('button', { name: 'Create API destination' }).click();
  await page.getByRole('link', { name: 'crm' }).waitFor();
  const made = await events.send(new DescribeApiDestinationCommand({ Name: 'orders' }));
  expect(made.ConnectionArn).toContain('connection/crm/');
});

test('a person edits an API destination, pauses and resumes it, and deletes it', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  await createDestination(events, 'orders', { InvocationEndpoint: 'https://example.com/', Description: 'old' });
  const page = await openConsole({ region, path: '/api-destinations' });
  await page.getByRole('row', { name: /orders.*Healthy/ }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('link', { name: 'orders' }).first().click();
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Description').fill('new');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('API destination orders was saved.').waitFor();
  await page.getByText('new', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('menuitem', { name: 'For 1 hour' }).click();
  await page.getByText('Paused', { exact: true }).waitFor();
  await page.getByText('Paused until').waitFor();
  expect(await page.getByText('Somebody resumes it').count()).toBe(0);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('Healthy', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('API destination orders was deleted.').waitFor();
});

test.each([
  [
    'API destination',
    '/api-destinations/orders',
    ({ events }: Clients) => events.send(new ListApiDestinationsCommand()),
  ],
  ['connection', '/connections/orders', ({ events }: Clients) => events.send(new ListConnectionsCommand())],
] as const)('the %s orders is edited and deleted by the keyboard alone', async (kind, path, list) => {
  const region = newRegion();
  const clients = clientsIn(region);
  await createDestination(clients.events, 'orders', { InvocationEndpoint: 'https://example.com/' });
  const page = await openConsole({ region, path });
  const press = async (label: string) => {
    await tabTo(page, label);
    await page.keyboard.press('Enter');
  };
  await page.getByRole('heading', { name: 'orders', exact: true }).waitFor();
  await press('Edit');
  await page.getByLabel('Description').waitFor();
  await tabTo(page, 'Description');
  await page.keyboard.type('changed');
  await press('Save');
  await page.getByText(`${kind} orders was saved.`, { exact: false }).waitFor();
  await page.getByText('changed', { exact: true }).waitFor();
  await press('Delete');
  await page.getByRole('dialog').waitFor();
  await press('Delete');
  await page.getByText(`${kind} orders was deleted.`, { exact: false }).waitFor();
  expect(JSON.stringify(await list(clients))).not.toContain('"Name":"orders"');
});

test('a person sets a delivery policy, sees a refused member at its field, and removes the policy', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  await createDestination(events, 'orders', { InvocationEndpoint: 'https://example.com/' });
  const page = await openConsole({ region, path: '/api-destinations/orders' });
  await page.getByText('There is no policy').waitFor();
  await page.getByRole('link', { name: 'Edit policy' }).click();
  await page.getByLabel('Timeout in seconds').fill('20');
  await page.getByLabel('More statuses to retry').fill('404, 410');
  await page.getByLabel('Burst').fill('0');
  expect(await seriousFindings(page)).toEqual([]);
  const save = page.getByRole('button', { name: 'Save policy' });
  await save.click();
  await page.getByText('Member must have value greater than or equal to 1').first().waitFor();
  expect(await page.getByLabel('Burst').getAttribute('aria-invalid')).toBe('true');
  await page.getByLabel('Burst').fill('');
  await choose(page, 'Format', 'CloudEvent, its attributes in headers');
  await save.click();
  await page.getByText('404, 410').waitFor();
  await page.getByText('CLOUDEVENTS_BINARY').waitFor();
  await page.getByRole('link', { name: 'Edit policy' }).click();
  await page.getByLabel('Timeout in seconds').fill('');
  await page.getByLabel('More statuses to retry').fill('');
  await choose(page, 'Format', 'Default');
  await save.click();
  await page.getByText('There is no policy').waitFor();
});

test('a test event that the endpoint refuses shows the status and the answer', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  const endpoint = await startEndpoint(() => ({ status: 422, body: 'the amount is missing' }));
  await createDestination(events, 'orders', { InvocationEndpoint: endpoint.origin });
  const page = await openConsole({ region, path: '/api-destinations/orders' });
  await page.getByRole('button', { name: 'Send test event' }).click();
  await page.getByText('the amount is missing').waitFor();
  expect(await page.getByRole('status').textContent()).toContain('422');
  await page.getByRole('link', { name: 'Deliveries' }).last().click();
  await page.getByRole('row', { name: /422/ }).waitFor();
});

test('the pages of API destinations fit a window of 360 pixels, in the dark appearance too', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  await createDestination(events, 'orders', { InvocationEndpoint: 'https://example.com/' });
  const viewport = { width: 360, height: 740 };
  const page = await openConsole({ region, path: '/api-destinations', viewport, colorScheme: 'dark' });
  const paths = ['', '/orders', '/orders/edit', '/orders/policy'].map((path) => `/api-destinations${path}`);
  for (const path of [...paths, '/create/api-destination']) {
    await page.goto(new URL(`${path}?region=${region}`, page.url()).href);
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await isTooWide(page)).toBe(false);
    expect(await seriousFindings(page)).toEqual([]);
  }
});
