import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { jsonLine } from '../../local/terminal-text.ts';
import { createConclusionLines } from './delivery-columns.ts';
import { objectsIn, pageSize } from '../function-call.ts';
import type { HistoryCall } from './history-calls.ts';

export interface FollowOptions {
  /** Filters of ListDeliveries. */
  readonly input: JsonObject;
  /** How many of the latest deliveries come first. */
  readonly limit: number;
  readonly json: boolean;
  readonly print: (line: string) => void;
  /** Waits until the next look. Rejects when the command must end. */
  readonly pause: () => Promise<void>;
}

/**
 * Prints the latest deliveries, the newest last, and then each invocation as it ends. Ends only when a call or the pause rejects.
 *
 * The position is taken before the list, so that nothing is missed in between. An invocation that is in both is printed once.
 */
export async function follow({ input, limit, json, print, pause }: FollowOptions, call: HistoryCall): Promise<never> {
  const { After: _after, ...filter } = input;
  const linesOf = json ? (entries: readonly JsonObject[]) => entries.map(jsonLine) : createConclusionLines();
  let { NextPosition: position } = await call('GetConclusions', filter);
  const { deliveries } = await latestDeliveries(input, limit, call);
  const latest = deliveries.toSorted((a, b) => Number(a['ConcludedAt']) - Number(b['ConcludedAt']));
  for (const line of linesOf(latest)) print(line);
  const printed = new Set(latest.map(keyOf));
  for (;;) {
    const answer = await call('GetConclusions', { ...filter, Limit: pageSize, Position: String(position) });
    const conclusions = objectsIn(answer, 'Conclusions');
    const fresh = conclusions.filter((conclusion) => !printed.has(keyOf(conclusion)));
    if (fresh.length > 0) for (const line of linesOf(fresh)) print(line);
    position = answer['NextPosition'];
    if (conclusions.length < pageSize) await pause();
  }
}

interface LatestDeliveries {
  readonly deliveries: readonly JsonObject[];
  /** Whether there are more than the limit. */
  readonly isCut: boolean;
}

/** Calls ListDeliveries for as many pages as it needs. */
export async function latestDeliveries(input: JsonObject, limit: number, call: HistoryCall): Promise<LatestDeliveries> {
  const deliveries: JsonObject[] = [];
  let token: JsonValue | undefined;
  do {
    const Limit = Math.min(pageSize, limit - deliveries.length);
    const answer = await call('ListDeliveries', { ...input, Limit, ...(token !== undefined && { NextToken: token }) });
    deliveries.push(...objectsIn(answer, 'Deliveries'));
    token = answer['NextToken'];
  } while (token !== undefined && deliveries.length < limit);
  return { deliveries, isCut: token !== undefined };
}

/** The members that tell one invocation of one delivery from all others. */
function keyOf({ EventId, ApiDestinationName, Rule, TargetId, ConcludedAt, AttemptsMade }: JsonObject): string {
  return JSON.stringify([EventId, ApiDestinationName, Rule, TargetId, ConcludedAt, AttemptsMade]);
}
