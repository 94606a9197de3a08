import { InvokeCommand } from '@aws-sdk/client-lambda';
import { expect, test } from 'vitest';
import type { Clients } from '../fixtures/clients.ts';
import { clientsIn, isTooWide, openConsole, regionsOf, seriousFindings, tabTo } from './console-page.ts';

const newRegion = regionsOf('keys');

interface ApiKey {
  readonly id: string;
  readonly description?: string;
  readonly expires: number;
}

async function call({ lambda }: Clients, operation: string, input: object) {
  const Payload = JSON.stringify({ operation, input });
  const answer = await lambda.send(new InvokeCommand({ FunctionName: 'lastmile-local-control-api', Payload }));
  const { output } = JSON.parse(answer.Payload?.transformToString() ?? '') as { output: object };
  return output;
}

async function createKey(clients: Clients, description: string): Promise<ApiKey> {
  const created = await call(clients, 'CreateApiKey', { apiId: 'control', description });
  return (created as { apiKey: ApiKey }).apiKey;
}

async function keysOf(clients: Clients, apiId: string): Promise<readonly ApiKey[]> {
  return ((await call(clients, 'ListApiKeys', { apiId })) as { apiKeys: ApiKey[] }).apiKeys;
}

test('a person creates an API key by the keyboard alone, sees it once, and it is nowhere on the page afterwards', async () => {
  const region = newRegion();
  const clients = clientsIn(region);
  const page = await openConsole({ region, path: '/api-keys' });
  await page.getByText('There are no API keys of the API control').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await tabTo(page, 'Create API key');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Create API key' }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await tabTo(page, 'Description');
  await page.keyboard.type('for the shop');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('It is never shown again.').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  const key = /da2-[A-Za-z0-9_-]{20,}/.exec(await dialog.textContent().then((text) => text ?? ''))?.[0] ?? '';
  const [stored] = await keysOf(clients, 'control');
  expect(stored).toMatchObject({ id: key.slice(0, 14), description: 'for the shop' });
  await dialog.click({ position: { x: 3, y: 3 } });
  await tabTo(page, 'I have stored the key');
  await page.keyboard.press('Enter');
  await page.getByText(`API key ${key.slice(0, 14)} was created.`).waitFor();
  await page.getByRole('button', { name: `Delete ${key.slice(0, 14)}` }).waitFor();
  const remains: string = await page.evaluate(
    'JSON.stringify([document.documentElement.outerHTML, { ...localStorage }, { ...sessionStorage }, location.href, history.state])',
  );
  expect(remains).toContain(key.slice(0, 14));
  expect(remains).not.toContain(key.slice(14));
});

test('a refused validity shows the text of the service beside its field and keeps what was entered', async () => {
  const region = newRegion();
  const page = await openConsole({ region, path: '/create/api-key' });
  await page.getByLabel('Description').fill('kept');
  await page.getByLabel('Valid for, in days').fill('366');
  await page.getByRole('button', { name: 'Create API key' }).click();
  await page.getByText('API key must be valid for a maximum of 365 days.').first().waitFor();
  expect(await page.getByLabel('Valid for, in days').getAttribute('aria-invalid')).toBe('true');
  expect(await page.getByLabel('Description').inputValue()).toBe('kept');
  await page.getByLabel('Valid for, in days').fill('soon');
  await page.getByRole('button', { name: 'Create API key' }).click();
  await page.getByText('must be a whole number of days').first().waitFor();
  await page.getByRole('radio', { name: 'Events' }).check();
  await page.getByLabel('Valid for, in days').fill('365');
  await page.getByRole('button', { name: 'Create API key' }).click();
  await page.getByRole('button', { name: 'I have stored the key' }).click();
  expect(await keysOf(clientsIn(region), 'events')).toHaveLength(1);
});

test('a person extends an API key and deletes it after a question', async () => {
  const region = newRegion();
  const clients = clientsIn(region);
  const { id: key, expires } = await createKey(clients, 'for the shop');
  const id = key.slice(0, 14);
  const page = await openConsole({ region, path: '/api-keys' });
  await page.getByRole('button', { name: `Extend ${id}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Valid for, in days').fill('400');
  await dialog.getByRole('button', { name: 'Extend', exact: true }).click();
  await dialog.getByText('API key must be valid for a maximum of 365 days.').first().waitFor();
  expect(await dialog.getByLabel('Valid for, in days').getAttribute('aria-invalid')).toBe('true');
  await dialog.getByLabel('Valid for, in days').fill('30');
  await dialog.getByRole('button', { name: 'Extend', exact: true }).click();
  await page.getByText(`API key ${id} was extended.`).waitFor();
  expect((await keysOf(clients, 'control'))[0]?.expires).toBeGreaterThan(expires + 20 * 86_400);
  await page.getByRole('button', { name: `Delete ${id}` }).click();
  await dialog.getByText('This cannot be undone.').waitFor();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText(`API key ${id} was deleted.`).waitFor();
  await page.getByText('There are no API keys of the API control').waitFor();
  expect(await keysOf(clients, 'control')).toEqual([]);
});

test('a list of more API keys than fit a page is paged by the server', async () => {
  const region = newRegion();
  const clients = clientsIn(region);
  for (let index = 0; index < 26; index += 1) await createKey(clients, `program ${index}`);
  const page = await openConsole({ region, path: '/api-keys' });
  await page.getByRole('button', { name: 'Next page' }).click();
  // The table is empty while the next page is loading.
  await expect.poll(() => page.getByRole('button', { name: /^Extend/ }).count()).toBe(1);
});

test('API keys fit a window of 360 pixels, in the dark appearance, and a read-only console cannot change them', async () => {
  const region = newRegion();
  const { id } = await createKey(clientsIn(region), 'for the shop');
  const narrow = { viewport: { width: 360, height: 740 }, colorScheme: 'dark' } as const;
  const page = await openConsole({ region, path: '/api-keys', ...narrow, isReadOnly: true });
  for (const name of [`Extend ${id.slice(0, 14)}`, `Delete ${id.slice(0, 14)}`])
    expect(await page.getByRole('button', { name }).getAttribute('aria-disabled')).toBe('true');
  expect(await isTooWide(page)).toBe(false);
  expect(await seriousFindings(page)).toEqual([]);
  await page.goto(new URL(`/create/api-key?region=${region}`, page.url()).href);
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(await isTooWide(page)).toBe(false);
  expect(await seriousFindings(page)).toEqual([]);
});
