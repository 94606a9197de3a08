import type { JsonObject } from '../../../core/input/json.ts';

/** What the local bus keeps, per region. Names and members are those of the EventBridge service model. */
export interface EventBus {
  readonly name: string;
  readonly arn: string;
  readonly description?: string;
  /** Members of Create and UpdateEventBus that are kept and shown, and do nothing here: DeadLetterConfig, LogConfig. */
  readonly shown?: JsonObject;
  readonly creationTimeMs: number;
  readonly lastModifiedTimeMs: number;
}

export type RuleState = 'ENABLED' | 'DISABLED' | 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly eventBusName: string;
  /** JSON text as it was put. */
  readonly eventPattern?: string;
  readonly scheduleExpression?: string;
  readonly state: RuleState;
  readonly description?: string;
  readonly roleArn?: string;
  /** When it was last enabled, epoch ms: it matches later events only. */
  readonly enabledAtMs: number;
}

/** A target as PutTargets took it: `Id`, `Arn` and the rest of the model's shape Target. */
export interface RuleTarget extends JsonObject {
  readonly Id: string;
  readonly Arn: string;
}

/** An event as rules match it and targets get it; the members stand in this order. */
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

/** Reads for who dispatches events; the operations of the control API write. */
export interface BusReader {
  bus(region: string, name: string): EventBus | undefined;
  /** Enabled rules of a bus with a pattern, and all enabled ones with a schedule. */
  enabledRules(region: string, eventBusName: string): readonly Rule[];
  scheduledRules(): readonly { readonly region: string; readonly rule: Rule }[];
  targets(region: string, eventBusName: string, ruleName: string): readonly RuleTarget[];
  /** Raised by every change of rules in that bus: compiled patterns are kept until then. */
  generation(region: string, eventBusName: string): number;
}
