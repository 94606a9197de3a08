import type { JsonObject } from '../core/input/json.ts';
import type { Target } from './descriptions.ts';

/** Everything that one run would do, and what it would leave alone. It contains no credentials. */
export interface Plan {
  readonly account: string;
  readonly region: string;
  readonly stage: string;
  readonly queueArn: string;
  /** The endpoint that gets the same events beside the existing targets; absent when targets are replaced. */
  readonly shadow?: string;
  readonly connections: readonly ConnectionStep[];
  readonly destinations: readonly DestinationStep[];
  readonly rules: readonly RuleStep[];
  readonly requirements: Requirements;
}

/** What the deployed stage must allow before the plan is applied. */
export interface Requirements {
  readonly secretArns: readonly string[];
  readonly keyArns: readonly string[];
  readonly deadLetterQueueArns: readonly string[];
}

interface LeftAlone {
  readonly action: 'leave';
  readonly name: string;
  /** A whole sentence. */
  readonly reason: string;
}

export type ConnectionStep = LeftAlone | ConnectionChange;

export interface ConnectionChange {
  /** `finish` gives a connection its policy, which an earlier run has not done. */
  readonly action: 'create' | 'finish' | 'present';
  readonly name: string;
  readonly authorizationType: string;
  readonly description?: string;
  /** Where its credentials come from. A connection of shadow API destinations has none. */
  readonly credentials: 'copied' | 'named by ARN' | 'none';
  /** EventBridge's own secret; absent when there are no credentials. */
  readonly secretArn?: string;
}

export type DestinationStep = LeftAlone | DestinationChange;

export interface DestinationChange {
  readonly action: 'create' | 'present';
  readonly name: string;
  /** Name of its connection. */
  readonly connection: string;
  /** Members of CreateApiDestination, except ConnectionArn. */
  readonly input: JsonObject;
}

export interface RuleStep {
  readonly eventBusName: string;
  readonly rule: string;
  readonly targets: readonly TargetStep[];
}

/** One target of a rule. `id` is that of the target that is written, and `apiDestination` a name in Lastmile. */
export type TargetStep = TargetChange | TargetToReport;

export type TargetChange =
  /** The new target keeps the Id, so that EventBridge exchanges the targets with one write. */
  | (Named & { readonly action: 'replace'; readonly before: Target; readonly after: Target })
  | (Named & { readonly action: 'add'; readonly after: Target })
  /** The target of a shadow endpoint, which ends when the rule is moved. */
  | (Named & { readonly action: 'remove'; readonly before: Target });

type TargetToReport =
  | (Named & { readonly action: 'present' })
  | (Named & { readonly action: 'leave'; readonly reason: string });

interface Named {
  readonly id: string;
  readonly apiDestination: string;
}
