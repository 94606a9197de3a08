/** What a Custom Event Bus says about an event. Source: EventBridge user guide, event structure. */
export interface SystemMetadata {
  readonly 'aws:EventId'?: string;
  readonly 'aws:DeliveryType': 'LIVE' | 'REPLAY';
  readonly ContentType?: string;
  readonly EventGroupId?: string;
  readonly [field: string]: string | undefined;
}

/** An event of a subscriber whose transformer has the type WITH_METADATA. */
export interface EventWithMetadata<Data> {
  readonly Data: Data;
  readonly Metadata: Readonly<Record<string, string>>;
  readonly SystemMetadata: SystemMetadata;
}

export interface MetadataOptions {
  /** The publisher's own metadata. Default: none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Default: a random id, `LIVE` and `application/json`. */
  readonly systemMetadata?: Partial<SystemMetadata>;
}

/**
 * Makes an event of a subscriber that delivers with metadata. A subscriber with batches delivers an array of them.
 *
 * @param data the published data; for the content type `application/octet-stream`, their Base64
 */
export function withMetadata<Data>(data: Data, options: MetadataOptions = {}): EventWithMetadata<Data> {
  const { metadata = {}, systemMetadata } = options;
  const defaults = {
    'aws:EventId': crypto.randomUUID(),
    'aws:DeliveryType': 'LIVE',
    ContentType: 'application/json',
  } as const;
  return { Data: data, Metadata: metadata, SystemMetadata: { ...defaults, ...systemMetadata } };
}

/** The event that EventBridge Scheduler sends when the schedule has no input. */
export interface ScheduledEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': 'Scheduled Event';
  readonly source: 'aws.scheduler';
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: '{}';
}

/**
 * Makes the event that EventBridge Scheduler sends when the schedule has no input.
 *
 * @param scheduleArn Default: the schedule `test` of the local stack's account
 * @param scheduledAtMs Default: now
 */
export function scheduledEvent(
  scheduleArn = 'arn:aws:scheduler:us-east-1:123456789012:schedule/default/test',
  scheduledAtMs = Date.now(),
): ScheduledEvent {
  const [, , , region = '', account = ''] = scheduleArn.split(':');
  return {
    version: '0',
    id: crypto.randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account,
    time: `${new Date(scheduledAtMs).toISOString().slice(0, 19)}Z`,
    region,
    resources: [scheduleArn],
    detail: '{}',
  };
}

/** A notification of SNS, as a queue gets it. Source: SNS developer guide, message formats. */
export interface SnsNotification {
  readonly Type: 'Notification';
  readonly MessageId: string;
  readonly TopicArn: string;
  readonly Message: string;
  readonly Timestamp: string;
}

/**
 * Makes the notification that SNS sends to a queue, unless raw message delivery is on.
 *
 * @param message the published message; an object is published as JSON
 */
export function snsNotification(
  message: object | string,
  topicArn = 'arn:aws:sns:us-east-1:123456789012:test',
  publishedAtMs = Date.now(),
): SnsNotification {
  return {
    Type: 'Notification',
    MessageId: crypto.randomUUID(),
    TopicArn: topicArn,
    Message: typeof message === 'string' ? message : JSON.stringify(message),
    Timestamp: new Date(publishedAtMs).toISOString(),
  };
}

/** A notification as SNS passes it to a function. */
export interface SnsRecord {
  readonly EventSource: 'aws:sns';
  readonly EventVersion: '1.0';
  readonly EventSubscriptionArn: string;
  readonly Sns: SnsNotification;
}

/** Makes the input of a function that is subscribed to a topic of SNS. */
export function snsEvent(
  message: object | string,
  topicArn?: string,
  publishedAtMs?: number,
): { readonly Records: readonly [SnsRecord] } {
  const Sns = snsNotification(message, topicArn, publishedAtMs);
  const EventSubscriptionArn = `${Sns.TopicArn}:11111111-2222-4333-8444-555555555555`;
  return { Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', EventSubscriptionArn, Sns }] };
}
