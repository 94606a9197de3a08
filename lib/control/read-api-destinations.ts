import { describedApiDestination, listedApiDestination } from './api-destination-answers.ts';
import { connectionNameOf, connectionOf, requireApiDestination } from './api-destination-checks.ts';
import { requiredTextOf, textOf, withoutUndefined } from './input.ts';
import type { ControlDependencies, Operation } from './operation.ts';
import { nextTokenOf, pageRequestOf } from './paging.ts';

export function describeApiDestination(dependencies: ControlDependencies): Operation {
  return async (input) => {
    const destination = await requireApiDestination(dependencies, 'describe', requiredTextOf(input, 'Name'));
    return describedApiDestination(destination, await connectionOf(dependencies, destination.connectionArn));
  };
}

/** A page is read with one query, and the connections that its states follow from with one batch. */
export function listApiDestinations({ apiDestinations, connections }: ControlDependencies): Operation {
  return async (input) => {
    const connectionArn = textOf(input, 'ConnectionArn');
    const binding = ['ListApiDestinations', textOf(input, 'NamePrefix'), connectionArn];
    const request = pageRequestOf(input, 'api-destination', binding);
    const page = await apiDestinations.list({ ...request, ...(connectionArn === undefined ? {} : { connectionArn }) });
    const names = [...new Set(page.items.map((destination) => connectionNameOf(destination.connectionArn)))];
    const found = await connections.readMany(names);
    const byName = new Map(names.map((name, index) => [name, found[index]]));
    return withoutUndefined({
      ApiDestinations: page.items.map((destination) =>
        listedApiDestination(destination, byName.get(connectionNameOf(destination.connectionArn))),
      ),
      NextToken: nextTokenOf(page, binding),
    });
  };
}
