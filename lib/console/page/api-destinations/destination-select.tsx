import { useAnswer } from '../data/use-answer.ts';
import { type NameSearch, NameSelect } from '../parts/name-select.tsx';
import { nameInArn } from './destination-draft.ts';

interface DestinationSelectProps {
  readonly arn: string;
  readonly onArn: (arn: string) => void;
  /** Of the member of the operation's input that has the ARN. */
  readonly path: string;
}

export function DestinationSelect({ arn, onArn, path }: DestinationSelectProps) {
  return (
    <NameSelect
      label="Existing API destination"
      path={path}
      kind="an API destination"
      selected={arn === '' ? null : { value: arn, label: nameInArn(arn) }}
      useList={useDestinations}
      optionsOf={({ ApiDestinations = [] }) =>
        ApiDestinations.map(({ ApiDestinationArn, Name, HttpMethod, InvocationEndpoint }) => ({
          value: ApiDestinationArn,
          label: Name,
          description: `${HttpMethod} ${InvocationEndpoint}`,
        }))
      }
      onArn={onArn}
    />
  );
}

const useDestinations = (search: NameSearch) => useAnswer('ListApiDestinations', search);
