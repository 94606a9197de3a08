import type { JsonObject } from '../../core/input/json.ts';
import { changesSomething, isConsoleOperation } from '../api/operations.ts';
import type { ConsoleCallError, ConsoleSettings } from '../api/settings.ts';
import { consolePaths } from '../api/settings.ts';
import { parseCallRequest } from './call-request.ts';
import type { ConsoleSession } from './session.ts';

/** A request whose body is complete. */
export interface ConsoleRequest {
  readonly method: string;
  /** As the browser sent it. */
  readonly path: string;
  /** The text after the question mark; empty without a query. */
  readonly query: string;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface ConsoleAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** What came of an operation. */
export type CallResult =
  | { readonly output: JsonObject }
  | { readonly error: { readonly code: string; readonly message: string } };

/** Performs an operation of the control API. Never rejects. */
export type PerformOperation = (operation: string, input: JsonObject, region: string) => Promise<CallResult>;

/** Runs a function of the stack and waits for its answer, which is the output. Never rejects. */
export type InvokeFunction = (name: string, event: JsonObject, region: string) => Promise<CallResult>;

export interface PageFile {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** The built page. */
export interface PageFiles {
  /** `index.html` is the page itself. @returns undefined when the page has no such file */
  read(name: string): Promise<PageFile | undefined>;
}

export interface DoorOptions {
  readonly session: ConsoleSession;
  /** The port on which the console can be reached. */
  readonly port: () => number;
  /** A name by which people may call the console, besides the names of the loopback address. */
  readonly host?: string;
  readonly settings: ConsoleSettings;
  readonly files: PageFiles;
  readonly perform: PerformOperation;
}

/** The largest accepted body. The largest input is one event of 1 MiB, in which each byte may take several characters. */
export const maxConsoleBodyBytes = 4 * 1024 * 1024;

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  // Cloudscape and React set styles by the style object of an element, which a policy does not concern. So no inline style is allowed.
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  // Cloudscape's style sheet holds its fonts.
  'font-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const protection = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/**
 * Answers one request of a browser, for the console of the local stack and for `lastmile console`.
 *
 * Failure policy: every request is refused unless it passes each check. The Host header must name this machine, so that a name that
 * an attacker has bound to this address reaches nothing. A page of another site is refused by `Origin` and `Sec-Fetch-Site`. A
 * request without the session's cookie gets neither files nor answers, only the advice to open the first URL.
 */
export async function answerConsole(options: DoorOptions, request: ConsoleRequest): Promise<ConsoleAnswer> {
  const refusal = refusedSender(options, request);
  if (refusal !== undefined) return refusal;
  const { session, port } = options;
  const { method, path, query, headers } = request;
  const token = new URLSearchParams(query).get('token');
  if (method === 'GET' && token !== null && isPage(path)) return openSession(options, path, query, token);
  if (!session.acceptsCookie(headers['cookie'], port())) return withoutSession(path);
  if (path === consolePaths.api) return await performCall(options, request);
  if (method !== 'GET') return refused(405, 'MethodNotAllowed', 'The console answers GET here.');
  if (path === consolePaths.settings) return json(200, options.settings);
  if (isPage(path)) return await file(options, 'index.html');
  return await file(options, path.startsWith(consolePaths.files) ? path.slice(consolePaths.files.length) : '');
}

function isPage(path: string): boolean {
  return !path.startsWith('/_console/');
}

/** Refuses a request that names another host, or that a page of another site has sent. */
function refusedSender({ port, host }: DoorOptions, { method, headers }: ConsoleRequest): ConsoleAnswer | undefined {
  const called = (headers['host'] ?? '').toLowerCase();
  const names = ['127.0.0.1', 'localhost', '[::1]', ...(host === undefined ? [] : [host.toLowerCase()])];
  if (!names.some((name) => called === `${name}:${port()}`))
    return refused(403, 'HostRefused', `Open the console at 127.0.0.1:${port()}.`);
  const { origin, 'sec-fetch-site': site = 'none' } = headers;
  const isForeign = origin === undefined ? method !== 'GET' : origin !== `http://${called}`;
  if (isForeign || (site !== 'same-origin' && site !== 'none'))
    return refused(403, 'OriginRefused', 'Only the page of the console may call this address.');
  return undefined;
}

/** Moves the token from the address into the cookie, so that it stays neither in the address bar nor in the history. */
function openSession({ session, port }: DoorOptions, path: string, query: string, token: string): ConsoleAnswer {
  if (!session.accepts(token)) return withoutSession(path);
  const rest = new URLSearchParams(query);
  rest.delete('token');
  // One slash at the start: `//name` would be the address of another host.
  const location = `/${path.replace(/^[/\\]+/, '')}${rest.size === 0 ? '' : `?${rest.toString()}`}`;
  return { status: 303, headers: { ...protection, location, 'set-cookie': session.cookie(port()) }, body: '' };
}

const howToOpen = 'Open the console with the link that the command printed when it started. The link holds a token.';

function withoutSession(path: string): ConsoleAnswer {
  if (!isPage(path)) return refused(401, 'SessionMissing', howToOpen);
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Lastmile</title><p>${howToOpen}</p></html>`;
  return { status: 401, headers: { ...protection, 'content-type': 'text/html; charset=utf-8' }, body };
}

async function performCall({ settings, perform }: DoorOptions, request: ConsoleRequest): Promise<ConsoleAnswer> {
  if (request.method !== 'POST') return refused(405, 'MethodNotAllowed', 'Call operations with POST.');
  if (request.headers['content-type'] !== 'application/json')
    return refused(415, 'ContentTypeRefused', 'The content type must be application/json.');
  const call = parseCallRequest(request.body);
  if (call === undefined)
    return refused(400, 'SerializationException', 'The body must name operation, input and region.');
  const { operation, input, region } = call;
  if (!isConsoleOperation(operation))
    return refused(400, 'UnknownOperationException', 'The console has no operation of this name.');
  if (settings.isReadOnly && changesSomething(operation))
    return refused(403, 'ReadOnly', `This console was started with --read-only, so it does not perform ${operation}.`);
  const result = await perform(operation, input, region);
  if ('output' in result) return json(200, result.output);
  const { code, message } = result.error;
  return refused(400, code, message);
}

async function file({ files }: DoorOptions, name: string): Promise<ConsoleAnswer> {
  const found = await files.read(name);
  if (found === undefined) return refused(404, 'FileNotFound', 'The console has no file of this name.');
  const { contentType, body } = found;
  return { status: 200, headers: { ...protection, 'content-type': contentType }, body };
}

function json(status: number, value: unknown): ConsoleAnswer {
  return { status, headers: { ...protection, 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

export function refused(status: number, code: string, message: string): ConsoleAnswer {
  return json(status, { __type: code, message } satisfies ConsoleCallError);
}
