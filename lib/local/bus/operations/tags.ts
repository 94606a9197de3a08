import { objectListOf, requiredTextOf } from '../../../control/input.ts';
import { type JsonObject, ownMember } from '../../../core/input/json.ts';
import type { BusCaller, BusDependencies, BusOperation } from './operation.ts';
import { requireBus } from './references.ts';
import { busNotFound, invalid, invalidArn, ruleNotFound } from './operation.ts';
import type { BusStore } from '../store/store.ts';
import { busArn, defaultBusName, ruleArn } from '../store/rows.ts';
import type { Tag } from '../store/rows.ts';

/** Source: the API reference of TagResource. */
const maxTags = 50;

export function tagResource({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const { bus, rule } = requireTagged(store, caller, requiredTextOf(input, 'ResourceARN'));
    const tags = checkTags(objectListOf(input, 'Tags') ?? []);
    for (const tag of tags) store.tags.put(caller.region, bus, rule, tag);
    requireFewTags(store.tags.of(caller.region, bus, rule));
    return {};
  };
}

/** A key that does not exist is not an error. */
export function untagResource({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const { bus, rule } = requireTagged(store, caller, requiredTextOf(input, 'ResourceARN'));
    const keys = ownMember(input, 'TagKeys');
    for (const key of Array.isArray(keys) ? keys : []) store.tags.remove(caller.region, bus, rule, String(key));
    return {};
  };
}

export function listTagsForResource({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const { bus, rule } = requireTagged(store, caller, requiredTextOf(input, 'ResourceARN'));
    return { Tags: store.tags.of(caller.region, bus, rule).map(({ Key, Value }) => ({ Key, Value })) };
  };
}

/**
 * Source of the reserved keys: the API reference of Tag. The text about them is our own.
 *
 * @throws ServiceError ValidationException when a key is reserved or occurs twice, or when there are too many tags
 */
export function checkTags(sent: readonly JsonObject[]): readonly Tag[] {
  const tags = sent.map((tag) => ({ Key: requiredTextOf(tag, 'Key'), Value: requiredTextOf(tag, 'Value') }));
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) {
    throw invalid('Invalid parameter: Duplicated keys are not allowed.');
  }
  const reserved = tags.find(({ Key }) => Key.toLowerCase().startsWith('aws:'));
  if (reserved !== undefined) {
    throw invalid(
      `Invalid parameter: The tag key '${reserved.Key}' begins with aws:, which is reserved. Use another key.`,
    );
  }
  requireFewTags(tags);
  return tags;
}

/** The text is our own, because the service's text is not known. */
function requireFewTags(tags: readonly Tag[]): void {
  if (tags.length > maxTags) throw invalid(`Invalid parameter: A resource can have at most ${maxTags} tags.`);
}

const resourcePattern = /^arn:[\w-]{1,32}:events:[\w-]{0,64}:[0-9]{0,12}:(rule|event-bus)\/(.+)$/s;

/** For a bus, the rule's name is empty, as in the store. */
function requireTagged(
  store: BusStore,
  caller: BusCaller,
  arn: string,
): { readonly bus: string; readonly rule: string } {
  const [, kind, path = ''] = resourcePattern.exec(arn) ?? [];
  if (kind === undefined) throw invalidArn(arn);
  if (kind === 'event-bus') {
    if (busArn(caller, path) !== arn) throw busNotFound(path);
    return { bus: requireBus(store, caller, path).name, rule: '' };
  }
  const slash = path.lastIndexOf('/');
  const bus = slash < 0 ? defaultBusName : path.slice(0, slash);
  const rule = path.slice(slash + 1);
  const found = ruleArn(caller, bus, rule) === arn && store.rule(caller.region, bus, rule) !== undefined;
  if (!found) throw ruleNotFound(rule, bus);
  return { bus, rule };
}
