import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AwsClientConfig } from '../../../lib/adapters/aws/clients.ts';
import { type Fields, type ParsedQuery, parseQuery } from './insights-language.ts';

/** CloudWatch Logs with its queries: StartQuery, GetQueryResults and StopQuery. It keeps lines in memory. */
export interface LogsServer {
  readonly endpoint: string;
  readonly clientConfig: Required<AwsClientConfig>;
  /** Every call, in order. */
  readonly calls: readonly LogsCall[];
  createGroup(region: string, name: string, createdAtMs?: number): void;
  append(region: string, group: string, atMs: number, message: string): void;
  /** Overrides the answer to a call: an error, the status of a query, or a call that is not answered. */
  behave: (call: LogsCall) => Behaviour | undefined;
  /** The highest limit that StartQuery accepts. */
  maxRowsOfQuery: number;
  /** The most rows of one answer, when the caller asks for no less. */
  maxRowsOfAnswer: number;
  stop(): Promise<void>;
}

export interface LogsCall {
  readonly operation: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export type Behaviour =
  | { readonly error: string; readonly message?: string }
  | { readonly status: string }
  | { readonly silent: true };

interface Line {
  readonly atMs: number;
  readonly pointer: string;
  readonly message: string;
  readonly fields: Fields;
}

interface Group {
  readonly createdAtMs: number;
  readonly lines: Line[];
}

interface RunningQuery {
  readonly rows: readonly { readonly field: string; readonly value: string }[][];
  readonly statistics: object;
  status: string;
  polls: number;
}

class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export async function startLogsServer(): Promise<LogsServer> {
  const groups = new Map<string, Group>();
  const queries = new Map<string, RunningQuery>();
  const calls: LogsCall[] = [];

  const operations: Readonly<Record<string, (call: LogsCall) => object>> = {
    StartQuery({ region, input }) {
      const { logGroupNames, startTime, endTime, queryString, limit = 10_000, ...others } = input;
      if (Object.keys(others).length > 0)
        throw new Refusal('InvalidParameterException', `unknown: ${Object.keys(others).join()}`);
      const names = logGroupNames as readonly string[];
      const range = { startMs: whole(startTime) * 1000, endMs: whole(endTime) * 1000 };
      if (whole(limit) > server.maxRowsOfQuery) throw new Refusal('InvalidParameterException', 'limit');
      const asked = names.map((name) => groups.get(`${region} ${name}`));
      const missing = names.find((_, index) => asked[index] === undefined);
      if (missing !== undefined)
        throw new Refusal(
          'ResourceNotFoundException',
          `Log group '${missing}' does not exist for account ID '123456789012'`,
        );
      const present = asked.filter((group) => group !== undefined);
      if (present.every(({ createdAtMs }) => range.endMs < createdAtMs))
        throw new Refusal(
          'MalformedQueryException',
          "Query's end date and time is either before the log groups creation time or exceeds the log groups log retention settings ([0,79])",
        );
      const queryId = `query-${queries.size + 1}`;
      queries.set(queryId, evaluate(parsed(String(queryString)), present, range, whole(limit)));
      return { queryId };
    },
    GetQueryResults(call) {
      const { queryId, maxItems = 10_000, nextToken, ...others } = call.input;
      if (Object.keys(others).length > 0 || whole(maxItems) < 1 || whole(maxItems) > 10_000)
        throw new Refusal('InvalidParameterException', 'maxItems');
      const query = queries.get(String(queryId));
      if (query === undefined) throw new Refusal('ResourceNotFoundException', 'no such query');
      query.polls += 1;
      const behaviour = server.behave(call);
      if (behaviour !== undefined && 'status' in behaviour) query.status = behaviour.status;
      else if (query.status === 'Running' && query.polls > 1) query.status = 'Complete';
      const from = nextToken === undefined ? 0 : Number(String(nextToken).replace(`${String(queryId)}-`, ''));
      const end = from + Math.min(whole(maxItems), server.maxRowsOfAnswer);
      const results = query.rows.slice(from, end);
      const more = end < query.rows.length ? { nextToken: `${String(queryId)}-${end}` } : {};
      return { queryLanguage: 'CWLI', results, statistics: query.statistics, status: query.status, ...more };
    },
    StopQuery({ input }) {
      const query = queries.get(String(input['queryId']));
      if (query === undefined) throw new Refusal('ResourceNotFoundException', 'no such query');
      if (query.status === 'Complete') throw new Refusal('InvalidParameterException', 'the query has ended');
      query.status = 'Cancelled';
      return { success: true };
    },
  };

  const http = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const call = callOf(incoming.headers, Buffer.concat(chunks).toString());
    calls.push(call);
    const behaviour = server.behave(call);
    if (behaviour !== undefined && 'silent' in behaviour) return;
    const answer = (status: number, body: object) =>
      outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    try {
      if (behaviour !== undefined && 'error' in behaviour)
        throw new Refusal(behaviour.error, behaviour.message ?? 'refused');
      const operation = operations[call.operation];
      if (operation === undefined) throw new Refusal('UnknownOperationException', call.operation);
      answer(200, operation(call));
    } catch (error) {
      if (error instanceof Refusal) answer(400, { __type: error.code, message: error.message });
      else answer(500, { __type: 'ServiceUnavailableException', message: String(error) });
    }
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const server: LogsServer = {
    endpoint,
    clientConfig: { region: 'us-east-1', endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } },
    calls,
    behave: () => undefined,
    maxRowsOfQuery: 100_000,
    maxRowsOfAnswer: 10_000,
    createGroup(region, name, createdAtMs = 0) {
      groups.set(`${region} ${name}`, { createdAtMs, lines: [] });
    },
    append(region, group, atMs, message) {
      const found = groups.get(`${region} ${group}`);
      if (found === undefined) throw new Error(`There is no log group ${group} in ${region}.`);
      const seed = `${region} ${group} ${found.lines.length}`;
      const pointer = createHash('sha256').update(seed).digest('base64');
      const fields = { ...(JSON.parse(message) as Fields), '@timestamp': atMs };
      found.lines.push({ atMs, pointer, message, fields });
    },
    async stop() {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      http.closeAllConnections();
      await closed;
    },
  };
  return server;
}

function parsed(queryString: string): ParsedQuery {
  if (queryString.length > 10_000) throw new Refusal('InvalidParameterException', 'queryString is longer than 10000');
  try {
    return parseQuery(queryString);
  } catch (error) {
    throw new Refusal('MalformedQueryException', String(error));
  }
}

/** Lines of the same millisecond come in no particular order. */
function evaluate(
  { fields, matches }: ParsedQuery,
  groups: readonly Group[],
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  limit: number,
): RunningQuery {
  const scanned = groups.flatMap(({ lines }) => lines.filter(({ atMs }) => atMs >= startMs && atMs <= endMs));
  const matched = scanned.filter((line) => matches(line.fields));
  const sorted = matched.toSorted((a, b) => b.atMs - a.atMs || (a.pointer < b.pointer ? -1 : 1));
  const valueOf = (line: Line, field: string): unknown => {
    if (field === '@timestamp') return new Date(line.atMs).toISOString().replace('T', ' ').replace('Z', '');
    return field === '@message' ? line.message : line.fields[field];
  };
  const rows = sorted.slice(0, limit).map((line) => {
    const values = fields.map((field) => ({ field, value: valueOf(line, field) }));
    const known = values.filter(({ value }) => value !== undefined);
    return [
      ...known.map(({ field, value }) => ({ field, value: String(value) })),
      { field: '@ptr', value: line.pointer },
    ];
  });
  const bytesScanned = scanned.reduce((sum, { message }) => sum + Buffer.byteLength(message), 0);
  const statistics = { recordsMatched: matched.length, recordsScanned: scanned.length, bytesScanned };
  return { rows, statistics, status: 'Running', polls: 0 };
}

function whole(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new Refusal('InvalidParameterException', `not a whole number: ${String(value)}`);
}

function callOf(headers: NodeJS.Dict<string | string[]>, body: string): LogsCall {
  const [prefix, operation = ''] = String(headers['x-amz-target']).split('.');
  if (prefix !== 'Logs_20140328') throw new Error(`not a call of CloudWatch Logs: ${prefix}`);
  const scope = /Credential=([^/]+)\/\d{8}\/([a-z0-9-]+)\/logs\/aws4_request/.exec(String(headers['authorization']));
  const [, accessKeyId = '', region = ''] = scope ?? [];
  return { operation, region, accessKeyId, input: JSON.parse(body) as LogsCall['input'] };
}
