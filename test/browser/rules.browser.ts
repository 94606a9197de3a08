import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DescribeRuleCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { Clients } from '../fixtures/clients.ts';
import { choose, clientsIn, isTooWide, openConsole, regionsOf, seriousFindings, tabTo } from './console-page.ts';

const newRegion = regionsOf('rules');

/** @returns the ARN of the API destination */
async function createDestination({ events }: Clients, Name: string): Promise<string> {
  const AuthParameters = { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'a-key' } };
  const { ConnectionArn } = await events.send(
    new CreateConnectionCommand({ Name, AuthorizationType: 'API_KEY', AuthParameters }),
  );
  const InvocationEndpoint = 'https://example.com/orders';
  const made = await events.send(
    new CreateApiDestinationCommand({ Name, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' }),
  );
  return made.ApiDestinationArn ?? '';
}

const next = (page: Page) => page.getByRole('button', { name: 'Next', exact: true }).click();

test('an empty list of rules leads to the wizard, which makes a rule with an API destination and its connection', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  const page = await openConsole({ region, path: '/rules' });
  await page.getByText('There are no rules on this event bus').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('link', { name: 'Create rule' }).first().click();
  await page.getByLabel('Name', { exact: true }).fill('to-crm');
  expect(await seriousFindings(page)).toEqual([]);
  await next(page);

  await page.getByText('The event matches the pattern.').waitFor();
  await choose(page, 'Event to try', 'Object Created (aws.s3)');
  await page.getByText('The event does not match the pattern.').waitFor();
  await page.getByLabel('Event pattern', { exact: true }).fill('{"source": "aws.s3"}');
  await page.getByText('Event pattern is not valid', { exact: false }).first().waitFor();
  expect(await page.getByLabel('Event pattern', { exact: true }).getAttribute('aria-invalid')).toBe('true');
  await page.getByLabel('Event pattern', { exact: true }).fill('{"source": ["aws.s3"]}');
  await page.getByText('The event matches the pattern.').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await next(page);

  await page.getByLabel('Create an API destination').check();
  await page.getByLabel('Name', { exact: true }).fill('crm');
  await page.getByLabel('URL').fill('https://example.com/objects');
  await page.getByLabel('Create a connection').check();
  await page.getByLabel('Name', { exact: true }).nth(1).fill('crm-login');
  await page.getByLabel('Username').fill('admin');
  await page.getByLabel('Password').fill('a-password');
  expect(await seriousFindings(page)).toEqual([]);
  await next(page);

  await page.getByText('crm-login (new)').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Create rule' }).click();
  await page.getByText('Rule to-crm was created.').waitFor();
  await page.getByRole('link', { name: 'crm' }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  expect(await events.send(new DescribeRuleCommand({ Name: 'to-crm' }))).toMatchObject({
    EventPattern: '{"source": ["aws.s3"]}',
    State: 'ENABLED',
  });
  const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: 'to-crm' }));
  expect(Targets).toEqual([{ Id: 'api-destination', Arn: expect.stringContaining(':api-destination/crm/') }]);
});

test('a person makes a rule with an API destination and its connection by the keyboard alone', async () => {
  const region = newRegion();
  const { events } = clientsIn(region);
  const page = await openConsole({ region, path: '/create/rule' });
  const type = async (label: string, text: string) => {
    await tabTo(page, label);
    await page.keyboard.type(text);
  };
  const press = async (label: string, key: string) => {
    await tabTo(page, label);
    await page.keyboard.press(key);
  };
  await page.getByLabel('Name', { exact: true }).waitFor();
  await type('Name', 'keyed');
  await press('Next', 'Enter');
  await page.getByText('The event matches the pattern.').waitFor();
  await press('Next', 'Enter');
  await page.getByLabel('Create an API destination').waitFor();
  await press('Select an existing API destination', 'ArrowRight');
  await page.getByLabel('URL').waitFor();
  await type('Name', 'crm');
  await type('URL', 'https://example.com/orders');
  await press('Select an existing connection', 'ArrowRight');
  await page.getByLabel('Username').waitFor();
  await type('Name', 'crm-login');
  await type('Username', 'admin');
  await type('Password', 'a-password');
  await press('Next', 'Enter');
  await page.getByText('crm-login (new)').waitFor();
  await press('Create rule', 'Enter');
  await page.getByText('Rule keyed was created.').waitFor();
  const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: 'keyed' }));
  expect(Targets).toMatchObject([{ Arn: expect.stringContaining(':api-destination/crm/') }]);
});

test('the wizard shows the body that the service makes from the event with a path, a constant or an input transformer', async () => {
  const region = newRegion();
  const clients = clientsIn(region);
  const Arn = await createDestination(clients, 'orders');
  const page = await openConsole({ region, path: '/create/rule' });
  await page.getByLabel('Name', { exact: true }).fill('paid');
  await next(page);
  await next(page);
  await choose(page, 'Existing API destination', 'orders');
  const body = page.getByRole('status');
  await body.getByText('"detail-type": "Order Placed"').waitFor();

  await page.getByLabel('A part of the event').check();
  await page.getByLabel('Input path').fill('$.detail.customer.email');
  await body.getByText('"customer@example.com"', { exact: true }).waitFor();
  await page.getByLabel('Input path').fill('$.detail.nothing');
  await body.getByText('finds nothing in the event').waitFor();

  await page.getByLabel('A constant').check();
  await page.getByLabel('Constant', { exact: true }).fill('{"always": 1}');
  await body.getByText('"always": 1').waitFor();

  await page.getByLabel('An input transformer').check();
  await body.getByText('"amount": 149.95').waitFor();
  await page.getByLabel('Input template').fill('{"id": <other>}');
  await body.getByText('InputPathsMap does not define it').waitFor();
  await page.getByLabel('Input paths').fill('{"other": "$.detail.orderId"');
  await page
    .getByText('It must be a JSON object in which each value is a JSON path', { exact: false })
    .first()
    .waitFor();
  await page.getByLabel('Input paths').fill('{"other": "$.detail.orderId"}');
  await body.getByText('"id": "order-000042"').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByLabel('Maximum retry attempts').fill('3');
  await next(page);
  await page.getByRole('button', { name: 'Create rule' }).click();
  await page.getByText('Rule paid was created.').waitFor();
  const { Targets } = await clients.events.send(new ListTargetsByRuleCommand({ Rule: 'paid' }));
  expect(Targets).toEqual([
    {
      Id: 'api-destination',
      Arn,
      InputTransformer: { InputPathsMap: { other: '$.detail.orderId' }, InputTemplate: '{"id": <other>}' },
      RetryPolicy: { MaximumRetryAttempts: 3 },
    },
  ]);
});

test('a refused rule leads to the step with the field, keeps everything that was entered, and leaves no rule without a target', async () => {
  const region = newRegion();
  const clients = clientsIn(region);
  await createDestination(clients, 'orders');
  const EventPattern = '{"source": ["mine"]}';
  await clients.events.send(new PutRuleCommand({ Name: 'taken', EventPattern }));
  const page = await openConsole({ region, path: '/create/rule' });
  await page.getByLabel('Name', { exact: true }).fill('taken');
  await next(page);
  await next(page);
  await next(page);
  const create = page.getByRole('button', { name: 'Create rule' });
  await create.click();
  await page.getByText('Choose an API destination, or create one.').first().waitFor();
  await choose(page, 'Existing API destination', 'orders');
  await page.getByLabel('Maximum retry attempts').fill('many');
  await next(page);
  await create.click();
  await page.getByText("Rule 'taken' already exists on this event bus.").first().waitFor();
  expect(await clients.events.send(new DescribeRuleCommand({ Name: 'taken' }))).toMatchObject({ EventPattern });
  await page.getByLabel('Name', { exact: true }).fill('free');
  await next(page);
  await next(page);
  await next(page);
  await create.click();
  const attempts = page.getByLabel('Maximum retry attempts');
  await attempts.waitFor();
  expect(await attempts.inputValue()).toBe('many');
  expect(await attempts.getAttribute('aria-invalid')).toBe('true');
  const { Rules } = await clients.events.send(new ListRulesCommand({}));
  expect(Rules?.map(({ Name }) => Name)).toEqual(['taken']);
  await attempts.fill('3');
  await next(page);
  await create.click();
  await page.getByText('Rule free was created.').waitFor();
});

test('a person disables, enables and deletes a rule together with its targets', async () => {
  const region = newRegion();
  const clients = clientsIn(region);
  const { events } = clients;
  const Arn = await createDestination(clients, 'orders');
  await events.send(new PutRuleCommand({ Name: 'paid', EventPattern: '{"source": ["com.example.shop"]}' }));
  await events.send(new PutTargetsCommand({ Rule: 'paid', Targets: [{ Id: 'orders', Arn, InputPath: '$.detail' }] }));
  const page = await openConsole({ region, path: '/rules' });
  await page.getByRole('link', { name: 'paid' }).click();
  await page.getByText('A part of the event').waitFor();
  await page.getByRole('button', { name: 'Disable' }).click();
  await page.getByText('Rule paid was disabled.').waitFor();
  expect(await events.send(new DescribeRuleCommand({ Name: 'paid' }))).toMatchObject({ State: 'DISABLED' });
  await page.getByRole('button', { name: 'Enable' }).click();
  await page.getByText('Rule paid was enabled.').waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Rule paid was deleted.').waitFor();
  await page.getByText('There are no rules on this event bus').waitFor();
  const { Rules } = await events.send(new ListRulesCommand({}));
  expect(Rules).toEqual([]);
});

test('the pages of rules fit a window of 360 pixels in the dark appearance', async () => {
  const region = newRegion();
  const clients = clientsIn(region);
  const Arn = await createDestination(clients, 'orders');
  await clients.events.send(new PutRuleCommand({ Name: 'paid', EventPattern: '{"source": ["com.example.shop"]}' }));
  await clients.events.send(new PutTargetsCommand({ Rule: 'paid', Targets: [{ Id: 'orders', Arn }] }));
  const viewport = { width: 360, height: 740 };
  const page = await openConsole({ region, path: '/rules', viewport, colorScheme: 'dark' });
  await page.getByRole('link', { name: 'paid' }).waitFor();
  expect([await isTooWide(page), await seriousFindings(page)]).toEqual([false, []]);
  await page.getByRole('link', { name: 'paid' }).click();
  await page.getByRole('link', { name: 'orders' }).waitFor();
  expect([await isTooWide(page), await seriousFindings(page)]).toEqual([false, []]);
  await page.goto(new URL(`/create/rule?region=${region}`, page.url()).href);
  await page.getByLabel('Name', { exact: true }).waitFor();
  for (const field of ['Event pattern', 'Target id']) {
    await next(page);
    await page.getByLabel(field, { exact: true }).waitFor();
    expect([await isTooWide(page), await seriousFindings(page)]).toEqual([false, []]);
  }
});
