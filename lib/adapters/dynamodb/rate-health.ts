import type { FailureCode } from '../../core/failure/failure.ts';
import { failures } from '../../core/failure/failure.ts';
import type { Health, HealthChange } from '../../core/health/health.ts';
import { unknownHealth } from '../../core/health/health.ts';
import type { Item } from './items.ts';
import { optionalNumber, optionalText } from './items.ts';

const names = Object.keys(unknownHealth) as (keyof Health)[];

/** Reads the health from the item of a bucket. An item that an older version wrote has none of these attributes. */
export function parseHealth(item: Item): Health {
  const members = names.flatMap((name) => (item[name] === undefined ? [] : [[name, memberOf(item, name)] as const]));
  return members.length === 0 ? unknownHealth : { ...unknownHealth, ...Object.fromEntries(members) };
}

function memberOf(item: Item, name: keyof Health): number | FailureCode | '' {
  if (name !== 'lastFailureCode') return optionalNumber(item, name) ?? 0;
  const code = optionalText(item, name) ?? '';
  // A newer version may know more codes.
  return Object.hasOwn(failures, code) ? (code as FailureCode) : '';
}

/**
 * The assignments of an update that changes the health, by attribute.
 *
 * @param value adds a value to the update, and returns its placeholder
 */
export function healthAssignments(
  { set = {}, addFailures }: HealthChange,
  value: (value: number | string) => string,
): Record<string, string> {
  const assignments = Object.fromEntries(Object.entries(set).map(([name, member]) => [name, value(member)]));
  if (addFailures === undefined) return assignments;
  return { ...assignments, failuresInRow: `if_not_exists(failuresInRow, ${value(0)}) + ${value(addFailures)}` };
}
