import { epochSeconds, objectListOf, objectOf, requiredTextOf, textOf } from '../../../control/input.ts';
import type { JsonObject } from '../../../core/input/json.ts';
import { withoutUndefined } from '../../../core/input/json.ts';
import { ServiceError } from '../../../core/failure/service-error.ts';
import type { EventBus } from '../store/model.ts';
import type { BusDependencies, BusOperation } from './operation.ts';
import { listPage } from './paging.ts';
import { requireBus } from './references.ts';
import { busAlreadyExists, invalid, invalidParameter, quotaReached } from './operation.ts';
import { busArn, defaultBusName } from '../store/rows.ts';
import { checkDeadLetterConfig } from '../targets/checks.ts';
import { checkTags } from './tags.ts';

/** Maximum number of buses in a region, besides the default bus. Source: EventBridge quotas. */
const maxCustomBuses = 100;

export function createEventBus({ store, nowMs }: BusDependencies): BusOperation {
  return (input, caller) => {
    const { region } = caller;
    const name = requiredTextOf(input, 'Name');
    requireCustomName(input, name);
    if (store.bus(region, name) !== undefined) throw busAlreadyExists(name);
    const tags = checkTags(objectListOf(input, 'Tags') ?? []);
    checkDeadLetterConfig(input, caller);
    if (store.busCount(region) > maxCustomBuses) throw quotaReached();
    const timeMs = nowMs();
    const times = { creationTimeMs: timeMs, lastModifiedTimeMs: timeMs };
    const bus: EventBus = { name, arn: busArn(caller, name), ...times, ...changed(input) };
    store.putBus(region, bus);
    for (const tag of tags) store.tags.put(region, name, '', tag);
    return withoutUndefined({ EventBusArn: bus.arn, Description: bus.description, ...bus.shown });
  };
}

/** A name with a slash belongs to a partner bus, and a local stack has no partner event sources. */
function requireCustomName(input: JsonObject, name: string): void {
  const source = textOf(input, 'EventSourceName');
  if (source !== undefined && source !== name) throw invalid('Event bus name must match event source name.');
  if (source !== undefined) {
    throw new ServiceError('ResourceNotFoundException', `Event source ${source} does not exist.`);
  }
  if (name.includes('/')) throw invalid("Event bus name must not contain '/'.");
  if (name.startsWith('aws.')) throw invalidParameter('Name', "Event bus name starting with 'aws.' is not valid.");
}

export function describeEventBus({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const bus = requireBus(store, caller, textOf(input, 'Name'));
    return { ...listed(bus), ...bus.shown };
  };
}

export function listEventBuses({ store }: BusDependencies): BusOperation {
  return (input, { region }) => {
    const binding = ['ListEventBuses', region];
    const page = listPage(
      input,
      binding,
      (keyset) => store.buses(region, keyset),
      (bus) => bus.name,
    );
    return withoutUndefined({ EventBuses: page.items.map(listed), NextToken: page.nextToken });
  };
}

/** Changes only the members that were sent. */
export function updateEventBus({ store, nowMs }: BusDependencies): BusOperation {
  return (input, caller) => {
    const before = requireBus(store, caller, textOf(input, 'Name'));
    checkDeadLetterConfig(input, caller);
    const { description = before.description, shown } = changed(input);
    const bus: EventBus = {
      ...before,
      ...(description === undefined ? {} : { description }),
      ...(shown === undefined ? {} : { shown: { ...before.shown, ...shown } }),
      lastModifiedTimeMs: nowMs(),
    };
    store.putBus(caller.region, bus);
    return withoutUndefined({ Arn: bus.arn, Name: bus.name, Description: bus.description, ...bus.shown });
  };
}

/** Deleting a bus that does not exist succeeds. Source: recorded answers of the service. */
export function deleteEventBus({ store }: BusDependencies): BusOperation {
  return (input, { region }) => {
    const name = requiredTextOf(input, 'Name');
    if (name === defaultBusName) throw invalid('Cannot delete event bus default.');
    if (store.ruleCount(region, name) > 0) throw invalid("EventBus can't be deleted since it has rules.");
    store.removeBus(region, name);
    return {};
  };
}

function changed(input: JsonObject): Pick<EventBus, 'description' | 'shown'> {
  const description = textOf(input, 'Description');
  const shown = withoutUndefined({
    DeadLetterConfig: objectOf(input, 'DeadLetterConfig'),
    LogConfig: objectOf(input, 'LogConfig'),
  });
  return {
    ...(description === undefined ? {} : { description }),
    ...(Object.keys(shown).length === 0 ? {} : { shown }),
  };
}

function listed(bus: EventBus): JsonObject {
  return withoutUndefined({
    Name: bus.name,
    Arn: bus.arn,
    Description: bus.description,
    Policy: bus.policy,
    CreationTime: epochSeconds(bus.creationTimeMs),
    LastModifiedTime: epochSeconds(bus.lastModifiedTimeMs),
  });
}
