import { isJsonObject, type JsonValue } from '../input/json.ts';

/**
 * The trace that came with an event: the values of the headers, by name. Each value is well formed. This is also the form of the
 * member `trace` in an envelope and in our own messages.
 */
export interface Trace {
  /** Version 00. Source: W3C Trace Context, https://www.w3.org/TR/trace-context/ */
  readonly traceparent?: string;
  /** Never without a traceparent. */
  readonly tracestate?: string;
  /** Source: AWS X-Ray developer guide, tracing header. */
  readonly 'X-Amzn-Trace-Id'?: string;
}

const xrayName = 'X-Amzn-Trace-Id';

/** Neither id consists of zeros only. */
const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Vendors must propagate at least this many characters of a tracestate, and may drop a longer one. */
const maxTracestateCharacters = 512;
const maxTracestateMembers = 32;
const tracestateMember =
  /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

const maxXrayCharacters = 256;
const xrayFields: Readonly<Record<string, RegExp>> = {
  Root: /^1-[0-9a-f]{8}-[0-9a-f]{24}$/,
  Parent: /^[0-9a-f]{16}$/,
  Sampled: /^[01?]$/,
};
const xrayField = /^([A-Za-z][A-Za-z0-9_-]*)=([\x21-\x3a\x3c-\x7e]+)$/;

/**
 * Reads a trace from the values of its headers.
 *
 * Failure policy: a trace is only a help for people, so a malformed value is ignored and the event is delivered. A malformed
 * value is never sent, because its author is not the owner of the endpoint.
 *
 * @param values an object with the members of Trace; anything else counts as no trace
 */
export function parseTrace(values: JsonValue | undefined): Trace | undefined {
  if (!isJsonObject(values)) return undefined;
  const { traceparent, tracestate } = values;
  const xray = parseXrayHeader(values[xrayName]);
  if (typeof traceparent !== 'string' || !traceparentPattern.test(traceparent)) {
    return xray === undefined ? undefined : { [xrayName]: xray };
  }
  return {
    traceparent,
    ...(isTracestate(tracestate) && { tracestate }),
    ...(xray !== undefined && { [xrayName]: xray }),
  };
}

/**
 * Reads the header that Lambda gives to an invocation. Lambda makes up a header if none came, so only a sampled one is used. If
 * the function does not trace its own invocations, a sampled header always came from the caller. Source: Lambda developer guide,
 * X-Ray: environment variable _X_AMZN_TRACE_ID and tracing mode PassThrough.
 */
export function parseInvocationTrace(header: string | undefined): Trace | undefined {
  const trace = header === undefined ? undefined : parseTrace({ [xrayName]: header });
  return trace?.[xrayName]?.split(';').includes('Sampled=1') === true ? trace : undefined;
}

/** Takes each format from the first trace that has it. */
export function firstTrace(first: Trace | undefined, second: Trace | undefined): Trace | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const { [xrayName]: xray = second[xrayName], ...w3c } = first;
  const { [xrayName]: _xray, ...others } = second;
  const pair = w3c.traceparent === undefined ? others : w3c;
  return xray === undefined ? pair : { ...pair, [xrayName]: xray };
}

/** The id for the log: the one of traceparent, else Root of X-Ray's header, as the consoles of both show it. */
export function traceIdOf({ traceparent, [xrayName]: xray = '' }: Trace): string {
  return traceparent?.slice(3, 35) ?? /(?:^|;)Root=([^;]+)/.exec(xray)?.[1] ?? '';
}

/**
 * Adds the headers of the trace, with a new parent id, which stands for this request. The ids of the trace and the sampling
 * decision do not change. A header that the connection or the target sets is sent instead of ours, and the trace's tracestate is
 * only sent beside its own traceparent.
 *
 * @returns the same request if no trace came with the event
 */
export function withTrace<Request extends { readonly headers: Readonly<Record<string, string>> }>(
  request: Request,
  trace: Trace | undefined,
  random: () => number,
): Request {
  if (trace === undefined) return request;
  const taken = new Set(Object.keys(request.headers).map((name) => name.toLowerCase()));
  const parentId = newParentId(random);
  const headers: Record<string, string> = { ...request.headers };
  const { traceparent, tracestate, [xrayName]: xray } = trace;
  if (traceparent !== undefined && !taken.has('traceparent')) {
    headers['traceparent'] = childTraceparent(traceparent, parentId);
    if (tracestate !== undefined && !taken.has('tracestate')) headers['tracestate'] = tracestate;
  }
  if (xray !== undefined && !taken.has(xrayName.toLowerCase())) headers[xrayName] = childXrayHeader(xray, parentId);
  return { ...request, headers };
}

/** Of the flags only `sampled` and `random` are defined, and all others must be sent as zeros. */
function childTraceparent(traceparent: string, parentId: string): string {
  const flags = Number.parseInt(traceparent.slice(53), 16) & 0b11;
  return `${traceparent.slice(0, 36)}${parentId}-0${flags}`;
}

function childXrayHeader(header: string, parentId: string): string {
  const others = header.split(';').filter((field) => !field.startsWith('Parent='));
  return others.map((field) => (field.startsWith('Root=') ? `${field};Parent=${parentId}` : field)).join(';');
}

/** Eight random bytes as lower-case hex, never zeros only. */
function newParentId(random: () => number): string {
  const half = () =>
    Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  const id = half() + half();
  return /[1-9a-f]/.test(id) ? id : '0000000000000001';
}

/**
 * Reads the header X-Amzn-Trace-Id. Fields that we do not know are kept. Source: AWS X-Ray developer guide, tracing header: Lambda and other services add Lineage
 * for their own use. Application Load Balancer guide, request tracing: applications may add fields, which are preserved.
 *
 * @returns the fields without blanks between them; undefined when the header is malformed
 */
export function parseXrayHeader(header: JsonValue | undefined): string | undefined {
  if (typeof header !== 'string' || header.length > maxXrayCharacters) return undefined;
  const fields = header.split(';').map((field) => field.replace(/^ +| +$/g, ''));
  const seen = new Set<string>();
  for (const field of fields) {
    const [, name = '', value = ''] = xrayField.exec(field) ?? [];
    const isKnown = Object.hasOwn(xrayFields, name);
    if (name === '' || seen.has(name) || (isKnown && xrayFields[name]?.test(value) !== true)) return undefined;
    seen.add(name);
  }
  return seen.has('Root') ? fields.join(';') : undefined;
}

function isTracestate(text: JsonValue | undefined): text is string {
  if (typeof text !== 'string' || text === '' || text.length > maxTracestateCharacters) return false;
  const members = text.split(',').map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''));
  const isMember = (member: string) => member === '' || tracestateMember.test(member);
  return members.length <= maxTracestateMembers && members.every(isMember) && members.some((member) => member !== '');
}
