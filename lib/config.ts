/**
 * Reads the environment into a frozen Config. `variables` lists each variable with its unit, default and bounds. A test
 * compares it with the table in docs/guide/reference.md.
 */

import { parseAllowlist } from './core/address/address.ts';
import { longestRequestTimeoutMs } from './core/delivery/retry.ts';

interface TextVariable {
  readonly type: 'text';
  /** The check of the value, and its description for the error. */
  readonly form?: readonly [Pick<RegExp, 'test'>, string];
  readonly default?: string;
  readonly required?: boolean;
  readonly meaning: string;
}

interface IntegerVariable {
  readonly type: 'integer';
  readonly default?: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly unit: string;
  readonly meaning: string;
}

export type Variable = TextVariable | IntegerVariable;

const url = [/^https?:\/\/[^\s/]+\/\S+$/, 'a URL that begins with http:// or https://'] as const;
const fifoUrl = [/^https?:\/\/[^\s/]+\/\S+\.fifo$/, 'the URL of a FIFO queue, which ends with .fifo'] as const;
const cidrs = [{ test: (text: string) => parseAllowlist(text) !== undefined }, 'CIDRs, separated by commas'] as const;

export const variables = {
  TABLE_NAME: { type: 'text', required: true, meaning: 'DynamoDB table of the stack' },
  DELIVERY_QUEUE_URL: { type: 'text', required: true, form: url, meaning: 'SQS queue of buffered events and retries' },
  DEAD_LETTER_QUEUE_URL: { type: 'text', required: true, form: url, meaning: "the stack's own dead-letter queue" },
  ORDERED_QUEUE_URL: { type: 'text', form: fifoUrl, meaning: 'the ordered queue, which is a FIFO queue' },
  SECRET_PREFIX: { type: 'text', required: true, meaning: "prefix of the names of the connections' secrets" },
  ROOT_SECRET_ARN: {
    type: 'text',
    required: true,
    meaning: 'secret from which the keys that seal stored tokens, and the secret parts of API keys, are derived',
  },
  AUTHORIZE_CONNECTION_FUNCTION: {
    type: 'text',
    required: true,
    meaning: 'function that obtains the first token of an OAuth connection',
  },
  API_DESTINATION: {
    type: 'text',
    form: [
      /^(?:arn:aws[a-z-]*:events:[a-z0-9-]*:(?:[0-9]{12})?:api-destination\/[.\-_A-Za-z0-9]{1,64}\/[-A-Za-z0-9]+|[.\-_A-Za-z0-9]{1,64})$/,
      'the name or ARN of an API destination',
    ],
    meaning: 'API destination of every event that `deliver` receives; when it is set, envelopes are refused',
  },
  EVENT_BUS_NAME: { type: 'text', default: 'default', meaning: 'EventBridge bus to which PutEvents forwards events' },
  STATE_EVENTS_BUS_NAME: {
    type: 'text',
    meaning: 'EventBridge bus on which the functions put [state events](#state-events); unset means none',
  },
  CACHE_SECONDS: {
    type: 'integer',
    default: 15,
    minimum: 0,
    maximum: 900,
    unit: 's',
    meaning: 'age after which cached configuration is read again',
  },
  STALE_SECONDS: {
    type: 'integer',
    default: 900,
    minimum: 0,
    maximum: 86400,
    unit: 's',
    meaning: 'age up to which cached configuration is used while its store cannot be reached',
  },
  REQUEST_TIMEOUT_MS: {
    type: 'integer',
    default: 5000,
    minimum: 100,
    maximum: 890000,
    unit: 'ms',
    meaning: 'time limit of one request to an endpoint, from connecting to the end of the answer',
  },
  FUNCTION_TIMEOUT_SECONDS: {
    type: 'integer',
    default: 60,
    minimum: 15,
    maximum: 900,
    unit: 's',
    meaning: 'time limit of `deliver` and `deliver-queued`',
  },
  ANSWER_WITHIN_SECONDS: {
    type: 'integer',
    minimum: 1,
    maximum: 900,
    unit: 's',
    meaning:
      'how long the sender of `deliver` waits for an answer, if its [envelope](#envelope) does not say so. Without the variable, it waits as long as the function may run',
  },
  RETRY_BASE_DELAY_MS: {
    type: 'integer',
    default: 1000,
    minimum: 1,
    maximum: 900000,
    unit: 'ms',
    meaning: 'upper limit of the first backoff; it doubles with each attempt',
  },
  RETRY_MAX_DELAY_MS: {
    type: 'integer',
    default: 900000,
    minimum: 1,
    maximum: 86400000,
    unit: 'ms',
    meaning: 'upper limit of every backoff',
  },
  MAXIMUM_RETRY_ATTEMPTS: {
    type: 'integer',
    default: 185,
    minimum: 0,
    maximum: 185,
    unit: 'retries',
    meaning: 'retries of an event whose target sets no number',
  },
  MAXIMUM_EVENT_AGE_SECONDS: {
    type: 'integer',
    default: 86400,
    minimum: 60,
    maximum: 86400,
    unit: 's',
    meaning: 'age at which an event is given up if its target sets no age',
  },
  UNAUTHORIZED_LIMIT: {
    type: 'integer',
    default: 10,
    minimum: 1,
    maximum: 1000000,
    unit: 'answers',
    meaning: 'number of 401 or 407 answers in a row after which a connection is deauthorized',
  },
  MAXIMUM_INVOCATIONS: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    unit: 'invocations',
    meaning:
      'how many invocations of the function may run at the same time; a slow endpoint holds at most a third of them. Unset means 50 for `deliver-queued` and 1000 for `deliver`',
  },
  BATCHING_WINDOW_SECONDS: {
    type: 'integer',
    default: 0,
    minimum: 0,
    maximum: 300,
    unit: 's',
    meaning:
      'how long Lambda waits for a full batch of the delivery queue; a message that comes much later shows that all invocations are occupied',
  },
  MAXIMUM_CONCURRENCY_PER_WORKER: {
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    unit: 'requests',
    meaning: 'requests in flight from one worker to one destination; unset means no limit',
  },
  USER_AGENT: {
    type: 'text',
    form: [/^[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?$/, 'printable ASCII'],
    meaning: 'User-Agent of every request; unset means `lastmile/<version>`',
  },
  STACK_NAME: {
    type: 'text',
    form: [/^[\x21-\x39\x3b-\x7e][\x21-\x7e]{0,254}$/, 'printable ASCII without spaces, at most 255'],
    meaning: "the stack's name in its metrics; unset means `TABLE_NAME`",
  },
  METRICS_PER_DESTINATION: {
    type: 'text',
    form: [/^(?:true|false)$/, 'true or false'],
    default: 'false',
    meaning: '`true` writes the metrics of deliveries for each API destination too; CloudWatch bills each metric',
  },
  KEPT_EVENTS_URL: {
    type: 'text',
    form: url,
    meaning:
      'URL of the folder of a bucket in which the workers keep events; unset means that a deployed stack keeps none',
  },
  PRIVATE_NETWORK_ALLOWLIST: {
    type: 'text',
    form: cidrs,
    meaning: 'private address ranges that may be called, as CIDRs with commas between',
  },
} as const satisfies Record<string, Variable>;

type Variables = typeof variables;
type Value<V extends Variable> = V extends { required: true }
  ? V extends IntegerVariable
    ? number
    : string
  : V extends { default: number }
    ? number
    : V extends { default: string }
      ? string
      : (V extends IntegerVariable ? number : string) | undefined;

export type Config = { readonly [Name in keyof Variables]: Value<Variables[Name]> };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names every variable that is missing or out of bounds, in one line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError that names every bad variable; an empty value counts as unset */
export function parseConfig(environment: Environment): Config {
  const problems: string[] = [];
  const config: Record<string, string | number | undefined> = {};
  for (const [name, variable] of Object.entries<Variable>(variables)) {
    const text = environment[name];
    const given = text !== undefined && text !== '';
    if (variable.type === 'text') {
      if (!given && variable.required === true) problems.push(`${name} is required (${variable.meaning})`);
      if (given && variable.form?.[0].test(text) === false) problems.push(`${name} must be ${variable.form[1]}`);
      config[name] = given ? text : variable.default;
    } else {
      config[name] = given ? Number(text) : variable.default;
      if (given && !isWithin(text, variable)) {
        problems.push(`${name} must be a whole number from ${variable.minimum} to ${variable.maximum}`);
      }
    }
  }
  if (problems.length === 0) problems.push(...problemsTogether(config as Config));
  if (problems.length > 0) throw new ConfigError(`Bad environment: ${problems.join('; ')}`);
  return Object.freeze(config) as Config;
}

/** Problems of variables that are valid alone, but not together. */
function problemsTogether({ REQUEST_TIMEOUT_MS, FUNCTION_TIMEOUT_SECONDS }: Config): readonly string[] {
  const longestMs = longestRequestTimeoutMs(FUNCTION_TIMEOUT_SECONDS);
  if (REQUEST_TIMEOUT_MS <= longestMs) return [];
  return [
    `REQUEST_TIMEOUT_MS must be at most ${longestMs} while FUNCTION_TIMEOUT_SECONDS is ${FUNCTION_TIMEOUT_SECONDS}: ` +
      'a longer request would not end in time',
  ];
}

function isWithin(text: string, variable: IntegerVariable): boolean {
  return /^[0-9]{1,9}$/.test(text) && Number(text) >= variable.minimum && Number(text) <= variable.maximum;
}
