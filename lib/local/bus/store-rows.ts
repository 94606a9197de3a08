import { partitionOf } from '../../core/arn.ts';
import type { JsonObject } from '../../core/json.ts';
import type { EventBus, Rule, RuleState, RuleTarget } from './model.ts';
import { type Row, textMembers } from './store-database.ts';

/** Where an ARN of the bus belongs. */
export interface Place {
  readonly region: string;
  readonly account: string;
}

export const defaultBusName = 'default';

export function busArn({ region, account }: Place, name: string): string {
  return `arn:${partitionOf(region)}:events:${region}:${account}:event-bus/${name}`;
}

/** A rule of the default bus has no bus in its ARN. Source: recorded answers of the service. */
export function ruleArn({ region, account }: Place, eventBusName: string, name: string): string {
  const path = eventBusName === defaultBusName ? name : `${eventBusName}/${name}`;
  return `arn:${partitionOf(region)}:events:${region}:${account}:rule/${path}`;
}

export function busOf(place: Place, row: Row): EventBus {
  const name = String(row['name']);
  const shown = row['shown'];
  return {
    name,
    arn: busArn(place, name),
    ...textMembers(row, 'description'),
    ...(typeof shown === 'string' ? { shown: JSON.parse(shown) as JsonObject } : {}),
    creationTimeMs: Number(row['createdAtMs']),
    lastModifiedTimeMs: Number(row['modifiedAtMs']),
  };
}

export function ruleOf(place: Place, row: Row): Rule {
  const name = String(row['name']);
  const eventBusName = String(row['bus']);
  return {
    name,
    arn: ruleArn(place, eventBusName, name),
    eventBusName,
    ...textMembers(row, 'eventPattern', 'scheduleExpression', 'description', 'roleArn'),
    state: row['state'] as RuleState,
    enabledAtMs: Number(row['enabledAtMs']),
  };
}

export function targetOf(row: Row): RuleTarget {
  return JSON.parse(String(row['target'])) as RuleTarget;
}
