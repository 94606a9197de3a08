import { source as axeSource } from 'axe-core';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect, inject, onTestFinished } from 'vitest';
import { consolePaths, type ConsoleSettings } from '../../lib/console/api/settings.ts';
import { type Clients, openClients } from '../fixtures/clients.ts';

let browser: Promise<Browser> | undefined;
let shared: Promise<BrowserContext> | undefined;

export interface ConsoleOptions {
  /** Without the query. */
  readonly path?: string;
  /** Each test file has regions of its own, so that the files do not see each other's resources. */
  readonly region: string;
  /** Default: the console of the stack that all files share. */
  readonly firstUrl?: string;
  /** Whether the page believes that its console was started with --read-only. Default: no. */
  readonly isReadOnly?: boolean;
  /** The size of the window. Default: 1280 by 900. */
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
  /** For a test that replaces the clock of the browser, because a clock belongs to a whole context. Default: no. */
  readonly hasOwnContext?: boolean;
}

async function newContext(): Promise<BrowserContext> {
  browser ??= chromium.connect(inject('browserUrl'));
  const context = await (await browser).newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  // Less than the limit of a test, so that a failure names what the page does not show.
  context.setDefaultTimeout(100_000);
  return context;
}

/**
 * The context of all pages of this worker. It has a page that stays open, so that Chromium keeps the process that shows the pages of
 * this machine: to start a new one for each test and to compile the console in it again costs more than most tests.
 */
async function sharedContext(): Promise<BrowserContext> {
  const context = await newContext();
  const page = await context.newPage();
  await page.goto(`${inject('stackUrl')}/_lastmile/health`);
  return context;
}

/** A new page without cookies and without anything in the storage of this origin. */
async function newPage(origin: string, hasOwnContext: boolean): Promise<Page> {
  if (hasOwnContext) {
    const context = await newContext();
    onTestFinished(() => context.close());
    return await context.newPage();
  }
  const context = await (shared ??= sharedContext());
  const page = await context.newPage();
  onTestFinished(() => page.close());
  await context.clearCookies();
  const devTools = await context.newCDPSession(page);
  await devTools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  await devTools.detach();
  return page;
}

/**
 * Opens the console in a browser that has no cookies yet. At the end of the test it fails if the page has thrown an error, or if the
 * content security policy has blocked something.
 */
export async function openConsole({ path = '/', region, firstUrl, ...options }: ConsoleOptions): Promise<Page> {
  const first = new URL(firstUrl ?? inject('consoleUrl'));
  first.pathname = path;
  first.searchParams.set('region', region);
  const problems: string[] = [];
  onTestFinished(() => expect(problems).toEqual([]));
  const page = await newPage(first.origin, options.hasOwnContext === true);
  if (options.viewport !== undefined) await page.setViewportSize(options.viewport);
  if (options.colorScheme !== undefined) await page.emulateMedia({ colorScheme: options.colorScheme });
  if (options.isReadOnly === true)
    await page.route(`**${consolePaths.settings}`, async (route) => {
      const settings = (await (await route.fetch()).json()) as ConsoleSettings;
      await route.fulfill({ json: { ...settings, isReadOnly: true } });
    });
  page.on('pageerror', (error) => void problems.push(error.message));
  page.on('console', (message) => {
    // The browser also writes a line for each refusal of an operation.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text());
  });
  await page.goto(first.href);
  return page;
}

/**
 * Makes a region for each test of a file, so that no test sees what another one has made. The stack knows every region.
 *
 * @param file a name in lower case without hyphens, which no other file uses
 */
export function regionsOf(file: string): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `${file}-test-${count}`;
  };
}

/** Clients of the same stack and region. */
export function clientsIn(region: string): Clients {
  const clients = openClients(inject('stackUrl'), { region });
  onTestFinished(() => {
    for (const client of Object.values(clients)) client.destroy();
  });
  return clients;
}

/** Cloudscape's bar on narrow windows says aria-expanded on its element nav, which has no such attribute. It hinders nobody. */
const ofCloudscape = /^aria-allowed-attr: \.awsui_mobile-toolbar-nav/;

/** What axe-core finds that would hinder a person, as lines that name the rule and the element. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  if (await page.evaluate('typeof axe === "undefined"')) await page.evaluate(axeSource);
  // Only the violations: what passes is most of the result, and nobody reads it.
  const run = 'axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations)';
  const violations = await page.evaluate<AxeResults['violations']>(run);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
    .filter((finding) => !ofCloudscape.test(finding));
}

/** The label of what the keyboard now works on. */
export async function focusedName(page: Page): Promise<string> {
  return await page.evaluate(`(() => {
    const { activeElement: focused } = document;
    const named = focused.getAttribute('aria-label');
    if (named !== null) return named;
    const [label = ''] = (focused.getAttribute('aria-labelledby') ?? '').split(' ');
    return document.getElementById(label)?.textContent ?? focused.textContent;
  })()`);
}

/** Whether the page is wider than its window, so that a person must scroll sideways. */
export async function isTooWide(page: Page): Promise<boolean> {
  return await page.evaluate('document.documentElement.scrollWidth > innerWidth');
}

/** Chooses an option of a select box, as a person does. */
export async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole('button', { name: label }).click();
  await page.getByRole('option', { name: option }).click();
}

/** Presses Tab until the keyboard works on what has this label, or one that begins with it. */
export async function tabTo(page: Page, name: string): Promise<void> {
  for (let tabs = 0; tabs < 80; tabs += 1) {
    await page.keyboard.press('Tab');
    if ((await focusedName(page)).startsWith(name)) return;
  }
  expect.unreachable(`The Tab key does not reach ${name}.`);
}
