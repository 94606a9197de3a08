import type { JsonObject } from '../../../core/input/json.ts';

/** An event bus. The members of this type and of `Rule` have the names of the EventBridge service model. */
export interface EventBus {
  readonly name: string;
  readonly arn: string;
  readonly description?: string;
  /** Members that are stored and returned but have no effect here: DeadLetterConfig and LogConfig. */
  readonly shown?: JsonObject;
  /** JSON text. */
  readonly policy?: string;
  readonly creationTimeMs: number;
  readonly lastModifiedTimeMs: number;
}

export type RuleState = 'ENABLED' | 'DISABLED' | 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly eventBusName: string;
  /** JSON text, as the client sent it. */
  readonly eventPattern?: string;
  readonly scheduleExpression?: string;
  readonly state: RuleState;
  readonly description?: string;
  readonly roleArn?: string;
  /** When the rule was last enabled, in epoch ms. The rule's schedule counts from this time. */
  readonly enabledAtMs: number;
}

/** A target as PutTargets received it: `Id`, `Arn` and the other members of the model's shape Target. */
export interface RuleTarget extends JsonObject {
  readonly Id: string;
  readonly Arn: string;
}

/** An event as rules match it and targets get it. The members are in this order. */
export interface BusEvent extends JsonObject {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: JsonObject;
}

/** The part of the store that the dispatcher may use. It only reads; the operations of the bus also write. */
export interface BusReader {
  bus(region: string, name: string): EventBus | undefined;
  /** The enabled rules of a bus that have a pattern. */
  enabledRules(region: string, eventBusName: string): readonly Rule[];
  /** The enabled rules that have a schedule. */
  scheduledRules(): readonly { readonly region: string; readonly rule: Rule }[];
  targets(region: string, eventBusName: string, ruleName: string): readonly RuleTarget[];
  /** Increases with every change of the bus's rules or targets. Compiled patterns are valid for one generation. */
  generation(region: string, eventBusName: string): number;
}
