import type { Envelope } from '../events/envelope.ts';
import { envelope } from '../events/envelope.ts';
import type { RuleEvent } from '../events/rule-event.ts';
import { ruleEvent } from '../events/rule-event.ts';
import { callOperation, invokeLater } from './control-calls.ts';
import type { Delivery, DeliveryFilter, WaitOptions } from './deliveries.ts';
import { listDeliveries, waitForDelivery } from './deliveries.ts';
import { startStackProcess } from './stack-process.ts';

export interface StackOptions {
  /** Variables of the functions, as in the reference. Default: those of the local stack. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: a free port. */
  readonly port?: number;
  /** Default: the stack keeps everything in memory. */
  readonly dataDir?: string;
}

/** An input of CreateApiDestination. What it does not name has a default. */
export interface DestinationOptions {
  readonly Name: string;
  readonly InvocationEndpoint: string;
  /** Default: POST. */
  readonly HttpMethod?: 'POST' | 'GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'PATCH' | 'DELETE';
  /** Default: that of the service, 300. */
  readonly InvocationRateLimitPerSecond?: number;
  /** Default: a new connection with the name of the destination, which has the authorization below. */
  readonly ConnectionArn?: string;
  /** Default: API_KEY. */
  readonly AuthorizationType?: 'BASIC' | 'API_KEY' | 'OAUTH_CLIENT_CREDENTIALS';
  /** As in CreateConnection. Default: the header `x-api-key` with the value `test-key`. */
  readonly AuthParameters?: Readonly<Record<string, unknown>>;
  /** Members of PutDeliveryPolicy, without the name. Default: no policy. */
  readonly DeliveryPolicy?: Readonly<Record<string, unknown>>;
}

export interface CreatedDestination {
  readonly ApiDestinationArn: string;
  readonly ConnectionArn: string;
}

/** A local stack in a process of its own. */
export interface TestStack extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The configuration of an AWS client that uses this stack: `new EventBridgeClient(stack.clientConfig)`. */
  readonly clientConfig: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** Variables that make every AWS client of a child process use this stack. */
  readonly environment: Readonly<Record<string, string>>;
  createDestination(options: DestinationOptions): Promise<CreatedDestination>;
  /**
   * Sends an event to an API destination, as a rule with the target `deliver` does. What the event does not have, `ruleEvent` adds.
   *
   * @returns the id of the event
   */
  sendEvent(
    apiDestination: string,
    event: Partial<RuleEvent<unknown>> & { readonly detail: unknown },
    more?: Omit<Envelope, 'apiDestination' | 'event'>,
  ): Promise<string>;
  /** Waits until the event was delivered, or is in the dead-letter queue. @throws Error when the time is over */
  waitForDelivery(eventId: string, options?: WaitOptions): Promise<Delivery>;
  /** The deliveries of the region us-east-1, those that began last first. */
  deliveries(filter?: DeliveryFilter): Promise<readonly Delivery[]>;
  /** Removes everything: connections, destinations, rules, queued events, history. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

const region = 'us-east-1';
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
const apiKey = { ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'test-key' } };

/** @throws Error with what the stack printed, when it does not start */
export async function startStack(options: StackOptions = {}): Promise<TestStack> {
  const { url, stop } = await startStackProcess(options);
  return {
    url,
    clientConfig: { endpoint: url, region, credentials },
    environment: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    createDestination: (destination) => createDestination(url, destination),
    async sendEvent(apiDestination, event, more) {
      const whole = ruleEvent(event);
      await invokeLater(url, 'lastmile-local-deliver', envelope(apiDestination, whole, more));
      return whole.id;
    },
    waitForDelivery: (eventId, waitOptions) => waitForDelivery(url, eventId, waitOptions),
    deliveries: (filter = {}) => listDeliveries(url, filter),
    async reset() {
      const answer = await fetch(`${url}/_lastmile/reset`, { method: 'POST' });
      if (!answer.ok) throw new Error(`The stack refused to reset itself: ${await answer.text()}`);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function createDestination(url: string, options: DestinationOptions): Promise<CreatedDestination> {
  const { AuthorizationType = 'API_KEY', AuthParameters = apiKey, DeliveryPolicy, ...destination } = options;
  const { ConnectionArn = await createConnection(url, options.Name, AuthorizationType, AuthParameters) } = destination;
  const input = { HttpMethod: 'POST', ...destination, ConnectionArn };
  const created = await callOperation(url, 'AWSEvents.CreateApiDestination', input);
  if (DeliveryPolicy !== undefined) {
    const policy = { ApiDestinationName: options.Name, ...DeliveryPolicy };
    await callOperation(url, 'Lastmile.PutDeliveryPolicy', policy);
  }
  return { ApiDestinationArn: String(created['ApiDestinationArn']), ConnectionArn };
}

async function createConnection(
  url: string,
  Name: string,
  AuthorizationType: string,
  AuthParameters: object,
): Promise<string> {
  const input = { Name, AuthorizationType, AuthParameters };
  const { ConnectionArn } = await callOperation(url, 'AWSEvents.CreateConnection', input);
  return String(ConnectionArn);
}
