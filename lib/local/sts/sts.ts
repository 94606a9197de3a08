import { randomBytes, randomUUID } from 'node:crypto';
import { partitionOf } from '../../core/destination/arn.ts';
import { type LocalAnswer, type LocalRequest, type LocalService, Refusal } from '../stack/wire.ts';
import { element, escapeXml, xml } from '../stack/xml.ts';

export interface StsOptions {
  readonly account: string;
  readonly nowMs: () => number;
  /** Whether the stack requires API keys. It then gives out no credentials of its own. */
  readonly requiresKeys: boolean;
}

const version = '2011-06-15';
const namespace = `https://sts.amazonaws.com/doc/${version}/`;

type Result = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

interface Call {
  readonly parameters: URLSearchParams;
  readonly request: LocalRequest;
  readonly options: StsOptions;
}

const operations: Readonly<Record<string, (call: Call) => Result>> = {
  GetCallerIdentity: ({ request, options: { account } }) => ({
    Arn: `arn:${partitionOf(request.region)}:iam::${account}:root`,
    UserId: account,
    Account: account,
  }),
  GetAccessKeyInfo({ parameters, options }) {
    textIn(parameters, 'AccessKeyId', { minimum: 16, maximum: 128 });
    return { Account: options.account };
  },
  GetSessionToken: (call) => ({ Credentials: newCredentials(call, 43_200) }),
  AssumeRole(call) {
    const roleArn = textIn(call.parameters, 'RoleArn', { minimum: 20, maximum: 2048 });
    const sessionName = textIn(call.parameters, 'RoleSessionName', { minimum: 2, maximum: 64 });
    const roleName = roleArn.split('/').at(-1);
    const Arn = `arn:${partitionOf(call.request.region)}:sts::${call.options.account}:assumed-role/${roleName}/${sessionName}`;
    const AssumedRoleUser = { AssumedRoleId: `AROALASTMILELOCAL000:${sessionName}`, Arn };
    return { Credentials: newCredentials(call, 3600), AssumedRoleUser };
  },
};

/**
 * The part of STS that clients call before they call anything else: they ask who they are, or take a role. The stack has one
 * account and no roles, so every caller is its root, and every role is granted.
 */
export function createStsService(options: StsOptions): LocalService {
  return async (request) => {
    try {
      // A presigned request has its parameters in the query.
      const parameters = new URLSearchParams(`${request.query}&${request.body.toString()}`);
      const name = parameters.get('Action') ?? '';
      const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
      if (operation === undefined) throw unknownOperation(name);
      return answer(name, operation({ parameters, request, options }));
    } catch (error) {
      if (error instanceof Refusal) return refusal(error);
      throw error;
    }
  };
}

function unknownOperation(name: string): Refusal {
  if (name === '') return new Refusal('MissingAction', 'The request must contain the parameter Action.');
  const text = `Could not find operation ${name.slice(0, 64)} for version ${version}. This stack has ${Object.keys(operations).join(', ')}.`;
  return new Refusal('InvalidAction', text);
}

function textIn(parameters: URLSearchParams, name: string, length: { minimum: number; maximum: number }): string {
  const text = parameters.get(name);
  const field = `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`;
  const fails = (constraint: string) =>
    new Refusal(
      'ValidationError',
      `1 validation error detected: Value ${text === null ? 'null' : `'${text.slice(0, 200)}'`} at '${field}' failed to satisfy constraint: Member must ${constraint}`,
    );
  if (text === null) throw fails('not be null');
  if (text.length < length.minimum) throw fails(`have length greater than or equal to ${length.minimum}`);
  if (text.length > length.maximum) throw fails(`have length less than or equal to ${length.maximum}`);
  return text;
}

/** Credentials that nobody checks: a stack that requires no keys accepts any credentials. */
function newCredentials({ parameters, options }: Call, defaultSeconds: number): Readonly<Record<string, string>> {
  if (options.requiresKeys)
    throw new Refusal(
      'AccessDenied',
      'This stack has no roles. Sign with an API key: npx lastmile keys create --api control.',
      403,
    );
  const asked = parameters.get('DurationSeconds') ?? String(defaultSeconds);
  if (!/^[0-9]{3,6}$/.test(asked))
    throw new Refusal('ValidationError', 'DurationSeconds must be a whole number from 900 to 129600.');
  const expires = new Date(options.nowMs() + Number(asked) * 1000).toISOString();
  return {
    AccessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    SecretAccessKey: randomBytes(20).toString('hex'),
    SessionToken: randomBytes(40).toString('hex'),
    Expiration: `${expires.slice(0, 19)}Z`,
  };
}

function answer(operation: string, result: Result): LocalAnswer {
  const requestId = randomUUID();
  const content = element(`${operation}Result`, members(result));
  const metadata = element('ResponseMetadata', element('RequestId', requestId));
  return xml(200, requestId, `<${operation}Response xmlns="${namespace}">${content}${metadata}</${operation}Response>`);
}

function members(result: Result): string {
  return Object.entries(result)
    .map(([name, value]) => element(name, typeof value === 'string' ? escapeXml(value) : members(value)))
    .join('');
}

function refusal({ code, message, status }: Refusal): LocalAnswer {
  const requestId = randomUUID();
  const error = [
    element('Type', 'Sender'),
    element('Code', escapeXml(code)),
    element('Message', escapeXml(message)),
  ].join('');
  const inside = `${element('Error', error)}${element('RequestId', requestId)}`;
  return xml(status, requestId, `<ErrorResponse xmlns="${namespace}">${inside}</ErrorResponse>`);
}
