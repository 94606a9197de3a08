import type { Overview, OverviewRange } from '../../api/overview.ts';
import type { DeliveryRecord } from './lastmile-operations.ts';

export interface RedriveFilter {
  readonly ApiDestinationName?: string;
  readonly ErrorCode?: string;
  readonly After?: number;
  readonly Before?: number;
}

interface RedriveResult {
  readonly Moved: number;
  readonly Matched: number;
  readonly Kept: number;
  /** The first hundred dead letters that cannot be delivered again. */
  readonly NotDeliverable: readonly { readonly MessageId: string; readonly Reason: string }[];
  readonly NotDeliverableCount: number;
  /** Whether the call ended before it had read the whole queue. */
  readonly More: boolean;
  /** The next call must not move dead letters from this time or later, because the redrive itself may have made them. */
  readonly Before: number;
}

/** The operations that only the console has. */
export interface OwnOperations {
  SendTestEvent: {
    readonly input: { readonly ApiDestinationName: string; readonly Event: object };
    readonly output: Omit<DeliveryRecord, 'ConcludedAt'>;
  };
  CountDeadLetters: { readonly input: RedriveFilter; readonly output: RedriveResult };
  RedriveDeadLetters: {
    readonly input: RedriveFilter & { readonly Maximum?: number; readonly RatePerSecond?: number };
    readonly output: RedriveResult;
  };
  /** The body that a target of a rule makes from an event, without the body parameters of a connection. */
  PreviewBody: {
    readonly input: {
      /** The JSON text of the event. */
      readonly Event: string;
      readonly Target: TargetInput;
      readonly RuleArn?: string;
    };
    readonly output: { readonly Body: string };
  };
  GetOverview: {
    readonly input: { readonly Range: OverviewRange };
    readonly output: Overview;
  };
  /** The last events that this stack has tried to deliver, each with its JSON text. */
  ListRecentEvents: {
    readonly input: object;
    readonly output: { readonly Events: readonly RecentEvent[] };
  };
}

/** How a target makes its input from an event. Without a member, its input is the event. */
export interface TargetInput {
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: {
    readonly InputPathsMap?: Readonly<Record<string, string>>;
    readonly InputTemplate: string;
  };
}

export interface RecentEvent {
  readonly EventId: string;
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Event: string;
}
