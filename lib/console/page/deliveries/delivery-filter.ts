import type { DeliveryOutcome } from '../data/lastmile-operations.ts';
import type { InputOf } from '../data/operations.ts';
import type { TimesOfRange } from '../data/time-range.ts';

/** What each outcome means to a person. */
export const outcomes: Readonly<Record<DeliveryOutcome, string>> = {
  delivered: 'The endpoint has accepted the event.',
  deferred: 'The event waits in the delivery queue for its next attempt.',
  'dead-lettered': 'The event was not delivered. It went to the dead letters.',
  returned: 'The event went back to the queue it came from, and is tried again from there.',
  waiting: 'The event is in the delivery queue. Its first attempt has not ended yet.',
  unmatched: 'No rule matched the event.',
  refused: 'The event bus refused the event.',
};

/** The parameters of the address that filter the list, and the members of the operation's input that they set. */
const members = {
  text: 'Text',
  outcome: 'Outcome',
  destination: 'ApiDestinationName',
  event: 'EventId',
  rule: 'Rule',
  code: 'Code',
  status: 'Status',
} as const;

type Filter = Omit<InputOf<'ListDeliveries'>, 'Limit' | 'NextToken'>;

/** The filter in the address of the page. A status that is not a number goes to the service, which then refuses it. */
export function filterIn(query: URLSearchParams, times: TimesOfRange): Filter {
  const given = Object.entries(members).flatMap(([parameter, member]) => {
    const value = query.get(parameter) ?? '';
    if (value === '') return [];
    const isNumber = member === 'Status' && /^\d+$/.test(value);
    return [[member, isNumber ? Number(value) : value]];
  });
  return { ...(Object.fromEntries(given) as Filter), ...times };
}

/** Removes every filter from the address. */
export const noFilter: Readonly<Record<string, undefined>> = Object.fromEntries(
  [...Object.keys(members), 'last', 'after', 'before'].map((parameter) => [parameter, undefined]),
);

/** One delivery, as GetDelivery takes it. */
export type DeliveryKey = InputOf<'GetDelivery'>;

type MembersOfKey = { readonly [Name in keyof DeliveryKey]?: string | undefined };

/** @returns undefined when the history cannot tell the delivery by its members, because it has no event id or no API destination */
export function keyOf(delivery: MembersOfKey): DeliveryKey | undefined {
  const { EventId, ApiDestinationName, Rule, TargetId } = delivery;
  if (EventId === undefined || ApiDestinationName === undefined) return undefined;
  return { EventId, ApiDestinationName, ...(Rule && { Rule }), ...(TargetId && { TargetId }) };
}

/** The parameters of the address that open one delivery. */
export function openParameters(key: DeliveryKey | undefined): Readonly<Record<string, string | undefined>> {
  return {
    'open-event': key?.EventId,
    'open-destination': key?.ApiDestinationName,
    'open-rule': key?.Rule,
    'open-target': key?.TargetId,
  };
}

/** The delivery that the address opens. */
export function openedIn(query: URLSearchParams): DeliveryKey | undefined {
  const read = (name: string): string | undefined => query.get(`open-${name}`) ?? undefined;
  return keyOf({
    EventId: read('event'),
    ApiDestinationName: read('destination'),
    Rule: read('rule'),
    TargetId: read('target'),
  });
}

const goesOn: ReadonlySet<DeliveryOutcome> = new Set(['waiting', 'deferred', 'returned']);

/** Whether the stack makes further attempts by itself. */
export function isUnderWay({ Outcome }: { readonly Outcome: DeliveryOutcome }): boolean {
  return goesOn.has(Outcome);
}
