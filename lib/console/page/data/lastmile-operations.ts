/* The operations that only Lastmile has. Its service model has the inputs; a test compares them with these types. */

export interface DeliveryPolicy {
  readonly TimeoutSeconds?: number;
  readonly MaximumConcurrency?: number;
  readonly MaximumConcurrencyPerWorker?: number;
  readonly Burst?: number;
  readonly InvocationRateLimit?: 'NONE';
  readonly RetryPolicy?: { readonly MaximumRetryAttempts?: number; readonly MaximumEventAgeInSeconds?: number };
  readonly RetryableStatuses?: readonly number[];
  readonly Transformer?: { readonly Type: 'JSONATA'; readonly Expression: string };
  readonly Format?: 'CLOUDEVENTS_BINARY' | 'CLOUDEVENTS_STRUCTURED';
  readonly Batch?: { readonly Format: 'JSON_ARRAY' | 'NDJSON' | 'CLOUDEVENTS_BATCH'; readonly MaximumSize?: number };
  readonly WebhookRequestOrigin?: string;
  readonly Order?: 'PER_GROUP';
  readonly OrderGroupPath?: string;
  readonly Signing?: { readonly SecretArn: string };
  readonly ClientCertificateSecretArn?: string;
  readonly CaCertificateSecretArn?: string;
  readonly ServerName?: string;
  readonly ProxyUrl?: string;
}

interface OfApiDestination {
  readonly ApiDestinationName: string;
}

interface DeliveryPolicyAnswer extends DeliveryPolicy, OfApiDestination {
  readonly ApiDestinationArn: string;
}

interface ConnectionPolicy {
  readonly AllowedHosts?: readonly string[];
  readonly SecretArn?: string;
}

interface OfConnection {
  readonly ConnectionName: string;
}

interface ConnectionPolicyAnswer extends ConnectionPolicy, OfConnection {
  readonly ConnectionArn: string;
}

export interface DestinationHealth {
  readonly Name: string;
  readonly State: 'HEALTHY' | 'UNHEALTHY' | 'PAUSED';
  readonly Since?: number;
  readonly PausedUntil?: number;
  readonly NextProbeAt?: number;
  readonly LastFailure?: { readonly Code: string; readonly At: number };
  readonly FailuresInRow: number;
  readonly MeanAnswerMilliseconds?: number;
  readonly WaitingEvents?: number;
}

export type DeliveryOutcome =
  | 'delivered'
  | 'deferred'
  | 'dead-lettered'
  | 'returned'
  | 'waiting'
  | 'unmatched'
  | 'refused';

/** The end of one invocation that had the event. */
export interface DeliveryRecord {
  readonly ConcludedAt: number;
  readonly Outcome: DeliveryOutcome;
  readonly AttemptsMade: number;
  readonly DurationMilliseconds: number;
  readonly RateWaitMilliseconds?: number;
  readonly Status?: number;
  readonly Code?: string;
  readonly Reason?: string;
  readonly Answer?: string;
  readonly NextAttemptAt?: number;
  readonly WaitsFor?: string;
}

export interface Conclusion extends DeliveryRecord {
  readonly EventId?: string;
  readonly ApiDestinationName?: string;
  readonly Rule?: string;
  readonly TargetId?: string;
  readonly EventBusName?: string;
  readonly Source?: string;
  readonly DetailType?: string;
  readonly TraceId?: string;
  readonly KeptAt?: string;
}

export interface Delivery extends Conclusion {
  readonly BeganAt: number;
}

interface DeliveryFilter {
  readonly ApiDestinationName?: string;
  readonly EventId?: string;
  readonly Rule?: string;
  readonly Outcome?: DeliveryOutcome;
  readonly Code?: string;
  readonly Status?: number;
  readonly Text?: string;
}

interface Paging {
  readonly NextToken?: string;
  readonly Limit?: number;
}

interface TimeRange {
  readonly After?: number;
  readonly Before?: number;
}

interface OneDelivery {
  readonly EventId: string;
  readonly ApiDestinationName: string;
  readonly Rule?: string;
  readonly TargetId?: string;
}

interface NextPage {
  readonly NextToken?: string;
}

interface Empty {
  readonly [name: string]: never;
}

interface Call<Input, Output> {
  readonly input: Input;
  readonly output: Output;
}

export interface DeadLetter {
  readonly EventId?: string;
  readonly ApiDestinationName?: string;
  readonly Rule?: string;
  readonly TargetId?: string;
  readonly Source?: string;
  readonly DetailType?: string;
  readonly TraceId?: string;
  readonly MessageId: string;
  readonly DeadLetteredAt: number;
  readonly ErrorCode?: string;
  readonly Code?: string;
  readonly ErrorMessage?: string;
  readonly Status?: number;
  readonly AttemptsMade?: number;
  readonly SizeBytes: number;
  readonly UnreadableReason?: string;
}

interface Replay extends Partial<OneDelivery> {
  readonly ReplayedFrom: 'DEAD_LETTER' | 'KEPT_EVENT';
  readonly OtherDeadLetters?: number;
  readonly DeadLetterRemains?: boolean;
}

export interface LastmileOperations {
  GetDeliveryPolicy: Call<OfApiDestination, DeliveryPolicyAnswer>;
  PutDeliveryPolicy: Call<OfApiDestination & DeliveryPolicy, DeliveryPolicyAnswer>;
  UpdateDeliveryPolicy: Call<
    OfApiDestination & DeliveryPolicy & { readonly RemovedMembers?: readonly string[] },
    DeliveryPolicyAnswer
  >;
  DeleteDeliveryPolicy: Call<OfApiDestination, Empty>;

  GetConnectionPolicy: Call<OfConnection, ConnectionPolicyAnswer>;
  PutConnectionPolicy: Call<OfConnection & ConnectionPolicy, ConnectionPolicyAnswer>;
  UpdateConnectionPolicy: Call<
    OfConnection & ConnectionPolicy & { readonly RemovedMembers?: readonly string[] },
    ConnectionPolicyAnswer
  >;
  DeleteConnectionPolicy: Call<OfConnection, Empty>;

  PauseApiDestination: Call<{ readonly Name: string; readonly Until?: number }, DestinationHealth>;
  ResumeApiDestination: Call<{ readonly Name: string }, DestinationHealth>;
  GetDestinationHealth: Call<{ readonly Name: string }, DestinationHealth>;
  ListDestinationHealth: Call<
    Paging & { readonly NamePrefix?: string },
    NextPage & { readonly ApiDestinations: readonly DestinationHealth[] }
  >;

  ListDeliveries: Call<DeliveryFilter & TimeRange & Paging, NextPage & { readonly Deliveries: readonly Delivery[] }>;
  GetDelivery: Call<OneDelivery, Delivery & { readonly Attempts: readonly DeliveryRecord[] }>;
  GetConclusions: Call<
    DeliveryFilter & { readonly Position?: string; readonly Limit?: number },
    { readonly Conclusions: readonly Conclusion[]; readonly NextPosition: string }
  >;
  ReplayDelivery: Call<OneDelivery & { readonly KeptAt?: string }, Replay>;
  ListDeadLetters: Call<
    TimeRange &
      Paging & { readonly ApiDestinationName?: string; readonly EventId?: string; readonly ErrorCode?: string },
    NextPage & {
      readonly DeadLetters: readonly DeadLetter[];
      readonly MessagesRead: number;
      readonly Complete: boolean;
    }
  >;
}
