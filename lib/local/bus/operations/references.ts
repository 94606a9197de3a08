import type { JsonObject } from '../../../core/input/json.ts';
import { textOf } from '../../../control/input.ts';
import type { EventBus, Rule } from '../store/model.ts';
import type { BusCaller } from './operation.ts';
import { busNotFound, ruleNotFound } from './operation.ts';
import type { BusStore } from '../store/store.ts';
import { busArn, defaultBusName } from '../store/rows.ts';

/**
 * Returns the name of a bus in the caller's region, given its name or ARN. If neither is given, returns the name of the default
 * bus.
 *
 * @throws ServiceError ResourceNotFoundException for the ARN of a bus in another account or region
 */
export function busNameOf(nameOrArn: string | undefined, caller: BusCaller): string {
  if (nameOrArn === undefined) return defaultBusName;
  if (!nameOrArn.startsWith('arn:')) return nameOrArn;
  const name = nameOrArn.slice(nameOrArn.indexOf('/') + 1);
  if (busArn(caller, name) !== nameOrArn) throw busNotFound(nameOrArn);
  return name;
}

/** @throws ServiceError ResourceNotFoundException */
export function requireBus(store: BusStore, caller: BusCaller, nameOrArn: string | undefined): EventBus {
  const name = busNameOf(nameOrArn, caller);
  const bus = store.bus(caller.region, name);
  if (bus === undefined) throw busNotFound(name);
  return bus;
}

/**
 * Finds the rule on the bus that the caller names in EventBusName.
 *
 * @throws ServiceError ResourceNotFoundException for a missing bus, then for a missing rule
 */
export function requireRule(store: BusStore, caller: BusCaller, input: JsonObject, name: string): Rule {
  const bus = requireBus(store, caller, textOf(input, 'EventBusName'));
  const rule = store.rule(caller.region, bus.name, name);
  if (rule === undefined) throw ruleNotFound(name, bus.name);
  return rule;
}
