import type { DeliveryPolicy } from '../data/lastmile-operations.ts';

export interface PolicyMember {
  /** The path in the policy, such as `RetryPolicy.MaximumRetryAttempts`. */
  readonly path: string;
  readonly label: string;
  readonly explanation: string;
  /** What an empty field means. */
  readonly whenEmpty: string;
  readonly type: 'number' | 'numbers' | 'text' | 'lines' | 'choice';
  /** What each value of a choice means. */
  readonly choices?: Readonly<Record<string, string>>;
}

export interface PolicyGroup {
  readonly title: string;
  readonly members: readonly PolicyMember[];
}

/** Every member of a delivery policy but InvocationRateLimit, which has only one value. A test compares them with the service model. */
export const policyGroups: readonly PolicyGroup[] = [
  {
    title: 'Requests',
    members: [
      {
        path: 'TimeoutSeconds',
        label: 'Timeout in seconds',
        explanation: 'How long one request may take, connecting and reading the answer included. From 0.1.',
        whenEmpty: 'REQUEST_TIMEOUT_MS of the stack',
        type: 'number',
      },
      {
        path: 'MaximumConcurrency',
        label: 'Maximum concurrency',
        explanation: 'How many requests all workers together may have in flight. 1 to 10,000.',
        whenEmpty: 'as many as a third of the invocations can have',
        type: 'number',
      },
      {
        path: 'MaximumConcurrencyPerWorker',
        label: 'Maximum concurrency per worker',
        explanation: 'How many requests one worker may have in flight. 1 to 1,000.',
        whenEmpty: 'MAXIMUM_CONCURRENCY_PER_WORKER of the stack',
        type: 'number',
      },
      {
        path: 'Burst',
        label: 'Burst',
        explanation: 'How many requests may go at once after a pause. 1 to 1,000.',
        whenEmpty: '1',
        type: 'number',
      },
    ],
  },
  {
    title: 'Retries',
    members: [
      {
        path: 'RetryPolicy.MaximumRetryAttempts',
        label: 'Maximum retry attempts',
        explanation:
          'How often a failed delivery is tried again, if the target of the rule has no retry policy. 0 to 185.',
        whenEmpty: 'MAXIMUM_RETRY_ATTEMPTS of the stack',
        type: 'number',
      },
      {
        path: 'RetryPolicy.MaximumEventAgeInSeconds',
        label: 'Maximum event age in seconds',
        explanation: 'How old an event may become before it is a dead letter. 60 to 86,400.',
        whenEmpty: 'MAXIMUM_EVENT_AGE_SECONDS of the stack',
        type: 'number',
      },
      {
        path: 'RetryableStatuses',
        label: 'More statuses to retry',
        explanation:
          'HTTP statuses, separated by commas, such as 404, 410. They are retried in addition to the usual ones.',
        whenEmpty: 'none',
        type: 'numbers',
      },
    ],
  },
  {
    title: 'Events',
    members: [
      {
        path: 'Transformer.Expression',
        label: 'JSONata expression',
        explanation: 'Makes the body of the request from the event, if the target of the rule has no input of its own.',
        whenEmpty: 'the event as it is',
        type: 'lines',
      },
      {
        path: 'Format',
        label: 'Format',
        explanation: 'The form in which each event is sent.',
        whenEmpty: 'the event as it is',
        type: 'choice',
        choices: {
          CLOUDEVENTS_BINARY: 'CloudEvent, its attributes in headers',
          CLOUDEVENTS_STRUCTURED: 'CloudEvent, its attributes in the body',
        },
      },
      {
        path: 'Batch.Format',
        label: 'Batches',
        explanation: 'Sends the events that come together in one request.',
        whenEmpty: 'each event has a request of its own',
        type: 'choice',
        choices: {
          JSON_ARRAY: 'JSON array',
          NDJSON: 'a line of JSON for each event (NDJSON)',
          CLOUDEVENTS_BATCH: 'batch of CloudEvents',
        },
      },
      {
        path: 'Batch.MaximumSize',
        label: 'Most events in a batch',
        explanation: 'More events are sent in several requests. 1 to 10.',
        whenEmpty: 'all events that come together',
        type: 'number',
      },
      {
        path: 'WebhookRequestOrigin',
        label: 'Origin for the handshake of web hooks',
        explanation: 'A DNS name. The endpoint is asked for its consent under this name before it gets events.',
        whenEmpty: 'endpoints are not asked',
        type: 'text',
      },
      {
        path: 'Order',
        label: 'Order',
        explanation: 'Whether an event waits until the earlier events of its group are delivered or dead letters.',
        whenEmpty: 'events are sent side by side',
        type: 'choice',
        choices: { PER_GROUP: 'The events of a group one after another' },
      },
      {
        path: 'OrderGroupPath',
        label: 'JSON path of the group',
        explanation: 'Events in which this path finds the same value are one group, such as $.detail.orderId.',
        whenEmpty: 'the group that the sender gives, or one group for all events',
        type: 'text',
      },
    ],
  },
  {
    title: 'Signatures and TLS',
    members: [
      {
        path: 'Signing.SecretArn',
        label: 'ARN of the signing secret',
        explanation: 'Each request is signed with this secret, as Standard Webhooks describes.',
        whenEmpty: 'requests are not signed',
        type: 'text',
      },
      {
        path: 'ClientCertificateSecretArn',
        label: 'ARN of the client certificate',
        explanation: 'The secret with the certificate and the key that the endpoint asks for.',
        whenEmpty: 'no client certificate',
        type: 'text',
      },
      {
        path: 'CaCertificateSecretArn',
        label: 'ARN of the certificate of an authority',
        explanation: "The secret with the certificate of the authority that has signed the endpoint's certificate.",
        whenEmpty: 'the authorities that Node.js trusts',
        type: 'text',
      },
      {
        path: 'ServerName',
        label: 'Server name',
        explanation: "The name that the endpoint's certificate must have.",
        whenEmpty: 'the host of the URL',
        type: 'text',
      },
      {
        path: 'ProxyUrl',
        label: 'URL of a proxy',
        explanation: 'The proxy through which requests go. http:// or https://, without a password.',
        whenEmpty: 'no proxy',
        type: 'text',
      },
    ],
  },
];

export const policyMembers: readonly PolicyMember[] = policyGroups.flatMap(({ members }) => members);

/** What the form holds: the text of each member, by its path. An absent or empty text means the default. */
export interface PolicyDraft {
  readonly texts: Readonly<Record<string, string>>;
  /** Whether requests go without a rate limit. */
  readonly isWithoutRateLimit: boolean;
}

export function draftOfPolicy(policy: DeliveryPolicy | undefined): PolicyDraft {
  const texts = policyMembers.flatMap(({ path }) => {
    const value = valueAt(policy, path);
    return value === undefined
      ? []
      : [[path, Array.isArray(value) ? value.join(', ') : String(value as string | number)] as const];
  });
  return { texts: Object.fromEntries(texts), isWithoutRateLimit: policy?.InvocationRateLimit === 'NONE' };
}

function valueAt(policy: object | undefined, path: string): unknown {
  return path
    .split('.')
    .reduce((value: unknown, name) => (value as Record<string, unknown> | undefined)?.[name], policy);
}

const inForm: ReadonlySet<string | undefined> = new Set([
  'ApiDestinationName',
  'ApiDestinationArn',
  'InvocationRateLimit',
  ...policyMembers.map(({ path }) => path.split('.')[0]),
]);

/**
 * The policy that the form asks for. A text that is not a number goes to the service as it is, which says what is wrong with it.
 *
 * @param before its members that the form does not know, such as those of a newer stack, are kept
 */
export function policyOf({ texts, isWithoutRateLimit }: PolicyDraft, before: DeliveryPolicy = {}): DeliveryPolicy {
  const kept = Object.entries(before).filter(([name]) => !inForm.has(name));
  const policy: Record<string, unknown> = {
    ...Object.fromEntries(kept),
    ...(isWithoutRateLimit && { InvocationRateLimit: 'NONE' }),
  };
  for (const { path, type: kind } of policyMembers) {
    const text = texts[path]?.trim() ?? '';
    if (text === '') continue;
    const [name = '', member] = path.split('.');
    const value = valueOf(text, kind);
    const type = name === 'Transformer' ? { Type: 'JSONATA' } : undefined;
    policy[name] = member === undefined ? value : { ...type, ...(policy[name] as object | undefined), [member]: value };
  }
  return policy;
}

function valueOf(text: string, type: PolicyMember['type']): unknown {
  if (type !== 'number' && type !== 'numbers') return text;
  const numberOf = (part: string): unknown => (Number.isNaN(Number(part)) ? part : Number(part));
  return type === 'number' ? numberOf(text) : text.split(',').map((part) => numberOf(part.trim()));
}
