import type { JsonObject, JsonValue } from '../core/input/json.ts';
import { isJsonObject, ownMember, parseJson } from '../core/input/json.ts';
import type { Target } from './descriptions.ts';
import type { Plan } from './plan-steps.ts';

/** One target before and after the change. It is written to the state file before the change is made. */
export interface RestorePoint {
  readonly eventBusName: string;
  readonly rule: string;
  readonly id: string;
  /** Absent when the target did not exist. */
  readonly before?: Target;
  readonly after: Target;
}

/** The content of the state file. It has targets of rules and no credentials. */
export interface SavedState {
  readonly account: string;
  readonly region: string;
  readonly points: readonly RestorePoint[];
}

const format = 'lastmile-adopt-1';

/** The file is not one that --apply has written for this account and region. */
export class UnreadableState extends Error {
  override readonly name = 'UnreadableState';
}

/** The state with the targets that the plan is going to change. A target that is moved again replaces its earlier entry. */
export function withPlan(state: SavedState, plan: Plan): SavedState {
  const points = new Map(state.points.map((point) => [keyOf(point), point]));
  for (const { eventBusName, rule, targets } of plan.rules) {
    for (const step of targets) {
      if (step.action !== 'replace' && step.action !== 'add') continue;
      const { id, after } = step;
      const point = { eventBusName, rule, id, ...(step.action === 'replace' && { before: step.before }), after };
      points.set(keyOf(point), point);
    }
  }
  return { ...state, points: [...points.values()] };
}

function keyOf({ eventBusName, rule, id }: RestorePoint): string {
  return JSON.stringify([eventBusName, rule, id]);
}

export function formatState({ account, region, points }: SavedState): string {
  return `${JSON.stringify({ format, account, region, points }, undefined, 2)}\n`;
}

/** @throws UnreadableState */
export function parseState(text: string, account: string, region: string): SavedState {
  const state = parseJson(text);
  if (!isJsonObject(state) || ownMember(state, 'format') !== format)
    throw new UnreadableState('It is not a file that lastmile adopt has written.');
  const [itsAccount, itsRegion] = [ownMember(state, 'account'), ownMember(state, 'region')];
  if (itsAccount !== account || itsRegion !== region) {
    throw new UnreadableState(
      `It is about account ${String(itsAccount)} in ${String(itsRegion)}, not ${account} in ${region}.`,
    );
  }
  const points = ownMember(state, 'points');
  if (!Array.isArray(points) || !points.every((point: JsonValue) => isPoint(point)))
    throw new UnreadableState('It has been changed: an entry has no rule or no target.');
  return { account, region, points: points as unknown as readonly RestorePoint[] };
}

function isPoint(point: JsonValue): boolean {
  if (!isJsonObject(point)) return false;
  const { eventBusName, rule, id, before, after } = point;
  const names = [eventBusName, rule, id].every((name) => typeof name === 'string');
  return names && isTarget(after) && (before === undefined || isTarget(before));
}

function isTarget(target: JsonValue | undefined): boolean {
  return isJsonObject(target) && typeof target['Id'] === 'string' && typeof target['Arn'] === 'string';
}

export type Restoration =
  | { readonly action: 'put'; readonly target: Target }
  | { readonly action: 'remove'; readonly id: string }
  | { readonly action: 'none' }
  /** Somebody else has changed the target since. */
  | { readonly action: 'leave'; readonly reason: string };

/**
 * How a target becomes what it was.
 *
 * Failure policy: only the target that this tool has put is exchanged. A target that somebody has changed since stays, because
 * their change would be lost.
 */
export function restorationOf({ id, before, after }: RestorePoint, present: readonly Target[]): Restoration {
  const target = present.find(({ Id }) => Id === id);
  if (target === undefined) {
    return before === undefined ? { action: 'none' } : { action: 'leave', reason: 'Somebody has removed it since.' };
  }
  if (before !== undefined && isSame(target, before)) return { action: 'none' };
  if (!isSame(target, after)) return { action: 'leave', reason: 'Somebody has changed it since.' };
  return before === undefined ? { action: 'remove', id } : { action: 'put', target: before };
}

/** Whether two targets have the same members, in any order. */
export function isSame(one: Target, other: Target): boolean {
  return sorted(one) === sorted(other);
}

function sorted(value: JsonValue): string {
  return JSON.stringify(value, (_key, member: JsonValue) => (isJsonObject(member) ? byName(member) : member));
}

function byName(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1)));
}
