import { join } from 'node:path';
import { tableDefinition } from '../../adapters/dynamodb/table.ts';
import { type Dynalite, openDynalite } from './dynalite.ts';
import { PerRegion } from '../stack/per-region.ts';
import { awsJsonRefusal, type LocalRequest, type LocalService, Refusal } from '../stack/wire.ts';

export interface DynamoDbOptions {
  readonly account: string;
  /** Undefined: the tables are kept in memory. */
  readonly dataFolder: string | undefined;
  /** The table with this name is created in every region at the region's first use. */
  readonly tableName: string;
}

/** DynamoDB, implemented with one dynalite for each region. */
export function createDynamoDbService(options: DynamoDbOptions): { serve: LocalService; close(): Promise<void> } {
  const regions = new PerRegion(async (region) => {
    const folder = options.dataFolder === undefined ? undefined : join(options.dataFolder, region);
    const dynalite = await openDynalite(region, options.account, folder);
    await createTableUnlessThere(dynalite, options.tableName);
    return dynalite;
  });
  return {
    async serve(request) {
      const refusal = checkBody(request);
      if (refusal !== undefined) return awsJsonRefusal(refusal, '1.0');
      const dynalite = await regions.get(request.region);
      const path = request.query === '' ? '/' : `/?${request.query}`;
      return dynalite.call(forwardedHeaders(request), request.body, path);
    },
    close: () => regions.close((dynalite) => dynalite.close()),
  };
}

/**
 * Refuses two kinds of body that would make dynalite end the process: one that is not an object, and one with a null
 * below the top level.
 */
function checkBody(request: LocalRequest): Refusal | undefined {
  const text = request.body.toString();
  if (/^\s*[^{\s]/.test(text)) return new Refusal('SerializationException', 'The request body must be a JSON object.');
  const at = text.includes('null') ? findNull(text) : undefined;
  if (at === undefined) return undefined;
  return new Refusal('ValidationException', `Supplied AttributeValue is empty: null in ${at.slice(0, 200)}.`);
}

/** Returns the name of the top-level member that contains a null. Undefined for invalid JSON, which dynalite itself refuses. */
function findNull(text: string): string | undefined {
  try {
    const members = Object.entries(JSON.parse(text) as Readonly<Record<string, unknown>>);
    return members.find(([, value]) => value !== null && hasNull(value))?.[0];
  } catch {
    return undefined;
  }
}

function hasNull(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.values(value).some(hasNull));
}

const forwarded = ['content-type', 'x-amz-target', 'authorization', 'x-amz-date', 'date'];

function forwardedHeaders(request: LocalRequest): Record<string, string> {
  const headers = forwarded.map((name): [string, string | undefined] => [name, request.headers[name]]);
  return Object.fromEntries(headers.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Headers that dynalite requires in every call; it does not check the signature. */
const ownHeaders = {
  'content-type': 'application/x-amz-json-1.0',
  authorization:
    'AWS4-HMAC-SHA256 Credential=stack/20000101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
  'x-amz-date': '20000101T000000Z',
};

async function createTableUnlessThere(dynalite: Dynalite, tableName: string): Promise<void> {
  const call = async (operation: string, input: unknown): Promise<{ type: string | undefined; status: unknown }> => {
    const headers = { ...ownHeaders, 'x-amz-target': `DynamoDB_20120810.${operation}` };
    const { body } = await dynalite.call(headers, Buffer.from(JSON.stringify(input)), '/');
    const answer = JSON.parse(body) as { __type?: string; Table?: { TableStatus?: unknown } };
    return { type: answer.__type?.replace(/^.*#/, ''), status: answer.Table?.TableStatus };
  };
  const { type } = await call('CreateTable', tableDefinition(tableName));
  if (type === 'ResourceInUseException') return;
  if (type !== undefined) throw new Error(`Cannot create the table ${tableName}: ${type}.`);
  while ((await call('DescribeTable', { TableName: tableName })).status !== 'ACTIVE');
}
