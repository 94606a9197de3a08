import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DescribeApiDestinationCommand,
  DescribeConnectionCommand,
} from '@aws-sdk/client-eventbridge';
import { expect, onTestFinished, test } from 'vitest';
import type { Clients } from '../fixtures/clients.ts';
import { startRecordingEndpoint } from '../servers/endpoints/recording-endpoint.ts';
import {
  choose,
  clientsIn,
  focusedName,
  isTooWide,
  openConsole,
  regionsOf,
  seriousFindings,
  tabTo,
} from './console-page.ts';

const newRegion = regionsOf('connections');

async function createBasic({ events }: Clients, Name: string): Promise<string> {
  const AuthParameters = { BasicAuthParameters: { Username: 'admin', Password: 'first-password' } };
  const created = await events.send(new CreateConnectionCommand({ Name, AuthorizationType: 'BASIC', AuthParameters }));
  return created.ConnectionArn ?? '';
}

test('an empty list of connections says what a connection is, and leads to the form, where a person makes one with the mouse', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  const page = await openConsole({ region, path: '/connections' });
  await page.getByText('A connection comes first').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('link', { name: 'Create connection' }).first().click();
  await page.getByLabel('Name', { exact: true }).fill('crm');
  await page.getByLabel('Description').fill('the CRM');
  await page.getByLabel('Username').fill('admin');
  await page.getByLabel('Password').fill('a-password');
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Create connection' }).click();
  await page.getByText('Connection crm was created.').waitFor();
  await page.getByRole('heading', { name: 'crm', exact: true }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  expect(await events.send(new DescribeConnectionCommand({ Name: 'crm' }))).toMatchObject({
    Description: 'the CRM',
    AuthorizationType: 'BASIC',
    AuthParameters: { BasicAuthParameters: { Username: 'admin' } },
  });
  await page.goBack();
  await page.goBack();
  await page.getByRole('link', { name: 'crm' }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
});

test('a person goes from the connections to the API destinations by their tabs, and back with the back button', async () => {
  const page = await openConsole({ region: newRegion(), path: '/connections' });
  await page.getByText('A connection comes first').waitFor();
  await page.evaluate('window.isSameDocument = true');
  await page.getByRole('tab', { name: 'API destinations' }).click();
  await page.getByRole('heading', { name: 'API destinations' }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/api-destinations');
  expect(await seriousFindings(page)).toEqual([]);
  await page.goBack();
  await page.getByText('A connection comes first').waitFor();
  expect(await page.evaluate('window.isSameDocument')).toBe(true);
  expect(await page.getByRole('tab', { name: 'Connections' }).getAttribute('aria-selected')).toBe('true');
});

test('a person makes a connection with an API key by the keyboard alone', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  const page = await openConsole({ region, path: '/create/connection' });
  await page.getByLabel('Name', { exact: true }).waitFor();
  await tabTo(page, 'Name');
  await page.keyboard.type('keyed');
  await tabTo(page, 'Basic');
  await page.keyboard.press('ArrowRight');
  await tabTo(page, 'API key name');
  await page.keyboard.type('x-api-key');
  await tabTo(page, 'API key value');
  await page.keyboard.type('a-secret-key');
  await page.keyboard.press('Enter');
  await page.getByText('Connection keyed was created.').waitFor();
  await page.getByRole('heading', { name: 'keyed', exact: true }).waitFor();
  await page.keyboard.press('Tab');
  expect(await focusedName(page)).toBe('Reload the connection');
  expect(await events.send(new DescribeConnectionCommand({ Name: 'keyed' }))).toMatchObject({
    AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key' } },
  });
});

test('a person makes an OAuth connection with a header, a body and a query parameter, which the token request then carries', async () => {
  const tokens = await startRecordingEndpoint(() => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"access_token":"t0ken","token_type":"Bearer","expires_in":3600}',
  }));
  onTestFinished(() => tokens.close());
  const page = await openConsole({ region: newRegion(), path: '/create/connection' });
  await page.getByLabel('Name', { exact: true }).fill('oauth');
  await page.getByRole('radio', { name: /^OAuth/ }).check();
  await page.getByLabel('Authorization endpoint').fill(`${tokens.origin}/token`);
  await page.getByLabel('Client ID').fill('my-client');
  await page.getByLabel('Client secret').fill('client-secret-canary');
  const parameters = [
    ['Header', 'x-tenant', 'north'],
    ['Body', 'audience', 'crm'],
    ['Query string', 'version', '2'],
  ] as const;
  for (const [index, [place, key, value]] of parameters.entries()) {
    await page.getByRole('button', { name: 'Add parameter' }).first().click();
    await page.getByRole('button', { name: /Place/ }).nth(index).click();
    await page.getByRole('option', { name: place }).click();
    await page.getByRole('textbox', { name: 'Key' }).nth(index).fill(key);
    await page.getByRole('textbox', { name: 'Value' }).nth(index).fill(value);
  }
  await page.getByRole('button', { name: 'Create connection' }).click();
  await page.getByText('Authorized', { exact: true }).waitFor();
  const [request] = tokens.requests;
  expect(request?.headers).toMatchObject({ 'x-tenant': 'north' });
  expect(request?.path).toContain('version=2');
  expect(request?.body).toContain('audience=crm');
  await page.getByText('Header x-tenant: north').waitFor();
  expect(await page.content()).not.toContain('client-secret-canary');
});

test('a refused save shows the text of the service beside its field and keeps everything that was entered', async () => {
  const region = newRegion();
  await createBasic(clientsIn(region), 'taken');
  const page = await openConsole({ region, path: '/create/connection' });
  await page.getByLabel('Name', { exact: true }).fill('not a name');
  await page.getByLabel('Username').fill('admin');
  await page.getByLabel('Password').fill('kept-password');
  const create = page.getByRole('button', { name: 'Create connection' });
  await create.click();
  await page.getByText('Member must satisfy regular expression pattern').first().waitFor();
  expect(await page.getByLabel('Name', { exact: true }).getAttribute('aria-invalid')).toBe('true');
  expect(await page.getByLabel('Password').inputValue()).toBe('kept-password');
  await page.getByLabel('Name', { exact: true }).fill('taken');
  await create.click();
  await page.getByText("Connection 'taken' already exists.").first().waitFor();
  await page.getByLabel('Name', { exact: true }).fill('free');
  await create.click();
  await page.getByText('Connection free was created.').waitFor();
});

test('a person edits a connection without entering its password again, deauthorizes it, and deletes it after seeing what uses it', async () => {
  const region = newRegion();
  const clients = clientsIn(region);
  const { events } = clients;
  const ConnectionArn = await createBasic(clients, 'billing');
  const destination = { Name: 'invoices', HttpMethod: 'POST', InvocationEndpoint: 'https://example.com/' } as const;
  await events.send(new CreateApiDestinationCommand({ ...destination, ConnectionArn }));
  const page = await openConsole({ region, path: '/connections/billing' });
  await page.getByRole('link', { name: 'invoices' }).waitFor();

  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Username').fill('root');
  await page.getByLabel('Description').fill('for invoices');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Connection billing was saved.').waitFor();
  await page.getByText('root', { exact: true }).waitFor();

  await page.getByRole('button', { name: 'Deauthorize' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Deauthorize' }).click();
  await page.getByText('Deauthorized', { exact: true }).waitFor();

  await page.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('invoices').waitFor();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Connection billing was deleted.').waitFor();
  expect(await events.send(new DescribeApiDestinationCommand({ Name: 'invoices' }))).toMatchObject({
    ApiDestinationState: 'INACTIVE',
  });
});

test('a person allows one host for the credentials of a connection, and then removes the policy', async () => {
  const region = newRegion();
  const clients = clientsIn(region);
  const ConnectionArn = await createBasic(clients, 'bound');
  const page = await openConsole({ region, path: '/connections/bound' });
  await page.getByRole('link', { name: 'Edit policy' }).click();
  await page.getByLabel('Allowed hosts').fill('https://api.example.com');
  await page.getByRole('button', { name: 'Save policy' }).click();
  await page.getByText('Member must satisfy regular expression pattern').first().waitFor();
  await page.getByLabel('Allowed hosts').fill('api.example.com\n*.eu.example.com');
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Save policy' }).click();
  await page.getByText('api.example.com, *.eu.example.com').waitFor();
  const elsewhere = { Name: 'elsewhere', HttpMethod: 'POST', InvocationEndpoint: 'https://example.org/' } as const;
  const create = () => clients.events.send(new CreateApiDestinationCommand({ ...elsewhere, ConnectionArn }));
  await expect(create()).rejects.toThrow('api.example.com');
  await page.getByRole('link', { name: 'Edit policy' }).click();
  await page.getByLabel('Allowed hosts').fill('');
  await page.getByRole('button', { name: 'Save policy' }).click();
  await page.getByText('There is no policy.').waitFor();
});

test('a list of more connections than fit a page is filtered and paged by the server, and its address keeps the filter', async () => {
  const region = newRegion();
  const clients = clientsIn(region);
  const names = Array.from({ length: 52 }, (_, index) => `many-${String(index).padStart(2, '0')}`);
  await Promise.all([...names, 'other'].map((name) => createBasic(clients, name)));
  const page = await openConsole({ region, path: '/connections' });
  await page.getByRole('link', { name: 'many-49' }).waitFor();
  expect(await page.getByRole('link', { name: 'many-50' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Next page' }).click();
  await page.getByRole('link', { name: 'other' }).waitFor();
  await page.getByPlaceholder('Beginning of the name').fill('oth');
  await page.getByRole('link', { name: 'many-50' }).waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'other' }).waitFor();
  expect(new URL(page.url()).searchParams.get('name')).toBe('oth');
  await page.reload();
  await page.getByRole('link', { name: 'other' }).waitFor();
  expect(await page.getByRole('link', { name: /^many/ }).count()).toBe(0);
  await choose(page, 'State', 'Deauthorized');
  await page.getByText('Nothing matches the filter.').waitFor();
});

test('no credential of a connection reaches the page, its answers, its address or the storage of the browser', async () => {
  const region = newRegion();
  const answers: string[] = [];
  const page = await openConsole({ region, path: '/create/connection' });
  page.on(
    'response',
    (response) =>
      void response.text().then(
        (text) => answers.push(text),
        () => undefined,
      ),
  );
  await page.getByLabel('Name', { exact: true }).fill('canary');
  await page.getByLabel('Username').fill('admin');
  await page.getByLabel('Password').fill('password-canary');
  await page.getByRole('button', { name: 'Create connection' }).click();
  await page.getByText('Never shown', { exact: false }).first().waitFor();
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  await page.getByLabel('Password').waitFor();
  expect(await page.getByLabel('Password').inputValue()).toBe('');
  const stored: string = await page.evaluate(
    'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
  );
  const everything = [...answers, await page.content(), page.url(), stored].join('\n');
  expect(everything).toContain('canary');
  expect(everything).not.toContain('password-canary');
  const { searchParams } = new URL(page.url());
  expect(searchParams.get('token')).toBeNull();
  expect(stored).toBe('[{},{},""]');
});

test('the pages of connections fit a window of 360 pixels, in the light and in the dark appearance', async () => {
  const region = newRegion();
  await createBasic(clientsIn(region), 'crm');
  const page = await openConsole({
    region,
    path: '/connections',
    viewport: { width: 360, height: 740 },
    colorScheme: 'dark',
  });
  for (const path of ['/connections', '/connections/crm', '/connections/crm/edit', '/create/connection']) {
    await page.goto(new URL(`${path}?region=${region}`, page.url()).href);
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await isTooWide(page)).toBe(false);
    expect(await seriousFindings(page)).toEqual([]);
  }
});
