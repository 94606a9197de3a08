import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { didYouMean } from '../core/input/did-you-mean.ts';
import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject } from '../core/input/json.ts';
import { commandLine, Exit, messageOf, sentence } from './command.ts';
import type { StackAddress } from './stack-address.ts';
import { serviceAddress } from './stack-address.ts';

const reachHint = 'Check that the stack runs there, or change --endpoint-url, --stage or --region.';

/**
 * Longer than any function can run, because a function goes on even if its caller gives up. Source: Lambda quotas, function
 * timeout.
 */
const requestTimeoutMs = 910_000;

export interface FunctionAnswer {
  readonly members: JsonObject;
  /** Name and message of the error that the function threw. */
  readonly error?: { readonly type: string; readonly message: string };
}

/**
 * Runs a function of the stack and waits for its answer.
 *
 * Failure policy: the function is called only once. It may have done its work even if no answer arrives, so the person at the
 * terminal must decide whether to call it again.
 *
 * @param expectedMembers every answer of this function has at least one of these members
 * @throws Exit 1 when the function cannot be reached, or when the answer is not from this function
 */
export async function callFunction(
  name: string,
  input: JsonValue,
  address: StackAddress,
  ...expectedMembers: readonly string[]
): Promise<FunctionAnswer> {
  const requestHandler = { connectionTimeout: 5000, requestTimeout: requestTimeoutMs, throwOnRequestTimeout: true };
  const lambda = new LambdaClient({ ...address.aws, maxAttempts: 1, requestHandler });
  const where = serviceAddress(address.aws, 'LAMBDA') ?? 'AWS';
  const FunctionName = `lastmile-${address.stage}-${name}`;
  const command = new InvokeCommand({ FunctionName, Payload: JSON.stringify(input) });
  const answer = await lambda.send(command).catch((error: unknown) => {
    throw new Exit(1, whyNotInvoked(name, where, address, error));
  });
  lambda.destroy();
  const members = parseAnswer(answer.Payload?.transformToString() ?? '');
  if (answer.FunctionError !== undefined) {
    const { errorType, errorMessage } = members;
    return { members, error: { type: String(errorType ?? ''), message: String(errorMessage ?? answer.FunctionError) } };
  }
  if (!expectedMembers.some((member) => members[member] !== undefined))
    throw new Exit(1, `The server at ${where} does not answer like the function ${name}. ${reachHint}`);
  return { members };
}

/** An operation of the control API was refused. */
export class RefusedOperation extends Exit {
  readonly code: string;
  constructor(code: string, message: string) {
    super(1, `${code}: ${message}`);
    this.code = code;
  }
}

/**
 * Calls an operation of the control API by invoking its function.
 *
 * @throws RefusedOperation, or Exit 1 when there is no answer
 */
export async function callControlApi(operation: string, input: JsonObject, address: StackAddress): Promise<JsonObject> {
  const { members, error } = await callFunction('control-api', { operation, input }, address, 'output', 'error');
  if (error !== undefined) throw new Exit(1, `control-api failed: ${error.message}`);
  const { output, error: refusal } = members;
  if (isJsonObject(output)) return output;
  const { code, message } = isJsonObject(refusal) ? refusal : {};
  const hint = code === 'ResourceNotFoundException' ? await hintFor(input, address) : '';
  throw new RefusedOperation(String(code), `${String(message)}${hint}`);
}

/** The most entries that one answer can have. Source: shape LimitMax100 of the service model. */
export const pageSize = 100;

/** The objects in a list of an answer. */
export function objectsIn(answer: JsonObject, name: string): readonly JsonObject[] {
  const items = answer[name];
  return Array.isArray(items) ? items.filter((item: JsonValue) => isJsonObject(item)) : [];
}

async function hintFor(input: JsonObject, address: StackAddress): Promise<string> {
  const { ConnectionName: connection, ApiDestinationName, Name = ApiDestinationName } = input;
  if (typeof connection === 'string') return ` ${await whereNamesAre('Connections', connection, address)}`.trimEnd();
  return typeof Name === 'string' ? ` ${await whereNamesAre('ApiDestinations', Name, address)}`.trimEnd() : '';
}

const kinds = { ApiDestinations: 'API destination', Connections: 'connection' } as const;

/** Names like the one that was not found, and the region in which it was looked for; empty if the name exists. Never rejects. */
export async function whereNamesAre(kind: keyof typeof kinds, asked: string, address: StackAddress): Promise<string> {
  const region = String(address.aws.region);
  const names = await namesOf(kind, address).catch(() => undefined);
  if (names === undefined) return `The region was ${region}.`;
  if (names.includes(asked)) return '';
  const other = `Choose another region with --region or AWS_REGION.`;
  if (names.length === 0) return `${region} has no ${kinds[kind]}s. ${other}`;
  const question = didYouMean(asked, names);
  if (question !== undefined) return `${question} (Region ${region}.)`;
  return `${region} has ${names.length === 1 ? `only the ${kinds[kind]} ${names[0]}` : `${names.length} ${kinds[kind]}s, none with a similar name`}. ${other}`;
}

async function namesOf(kind: keyof typeof kinds, address: StackAddress): Promise<readonly string[]> {
  const names: string[] = [];
  let token: JsonValue | undefined;
  do {
    const input = token === undefined ? {} : { NextToken: token };
    const { members } = await callFunction('control-api', { operation: `List${kind}`, input }, address, 'output');
    const output = isJsonObject(members['output']) ? members['output'] : {};
    for (const item of objectsIn(output, kind)) names.push(String(item['Name']));
    token = output['NextToken'];
  } while (token !== undefined);
  return names;
}

const unreachable: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH']);

function whyNotInvoked(name: string, where: string, { stage }: StackAddress, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (stage === 'local' && unreachable.has(code))
    return `No local stack answers at ${where} (${String(code)}). Start it with ${commandLine('start')}, or set AWS_ENDPOINT_URL to the address that it printed.`;
  return `Cannot invoke ${name} at ${where}: ${sentence(messageOf(error))} ${reachHint}`;
}

/** @returns an empty object when the text is not a JSON object: any server may answer at that address */
function parseAnswer(json: string): JsonObject {
  try {
    const value: unknown = JSON.parse(json);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
