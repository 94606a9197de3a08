import type { ConnectionHttpParameters } from '../data/eventbridge-operations.ts';

/** Where a parameter goes in a request. */
export type ParameterPlace = 'HeaderParameters' | 'QueryStringParameters' | 'BodyParameters';

export const parameterPlaces: Readonly<Record<ParameterPlace, string>> = {
  HeaderParameters: 'Header',
  QueryStringParameters: 'Query string',
  BodyParameters: 'Body',
};

/** One row of the editor. */
export interface ParameterDraft {
  readonly place: ParameterPlace;
  readonly key: string;
  readonly value: string;
  readonly isSecret: boolean;
}

export const newParameter: ParameterDraft = { place: 'HeaderParameters', key: '', value: '', isSecret: false };

/** @returns undefined when there are no parameters */
export function httpParametersOf(drafts: readonly ParameterDraft[]): ConnectionHttpParameters | undefined {
  if (drafts.length === 0) return undefined;
  const lists = Object.keys(parameterPlaces).map((place) => {
    const list = drafts
      .filter((draft) => draft.place === place)
      .map(({ key, value, isSecret }) => ({ Key: key, Value: value, IsValueSecret: isSecret }));
    return [place, list] as const;
  });
  return Object.fromEntries(lists.filter(([, list]) => list.length > 0));
}

/** The rows for parameters that a connection has. Secret values are empty, because the service does not show them. */
export function draftsOf(parameters: ConnectionHttpParameters | undefined): readonly ParameterDraft[] {
  return (Object.keys(parameterPlaces) as ParameterPlace[]).flatMap((place) =>
    (parameters?.[place] ?? []).map(({ Key = '', Value = '', IsValueSecret = true }) => ({
      place,
      key: Key,
      value: Value,
      isSecret: IsValueSecret,
    })),
  );
}

/** The path by which an error names a row: the service counts the parameters of each place on its own. */
export function parameterPath(drafts: readonly ParameterDraft[], index: number, parent: string): string {
  const place = drafts[index]?.place ?? 'HeaderParameters';
  const before = drafts.slice(0, index).filter((draft) => draft.place === place);
  return `${parent}.${place}[${before.length}]`;
}
