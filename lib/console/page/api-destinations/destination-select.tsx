import Select, { type SelectProps } from '@cloudscape-design/components/select';
import { useState } from 'react';
import { useAnswer } from '../data/use-answer.ts';
import { Field } from '../parts/field.tsx';
import { nameInArn } from './destination-draft.ts';

interface DestinationSelectProps {
  readonly arn: string;
  readonly onArn: (arn: string) => void;
  /** Of the member of the operation's input that has the ARN. */
  readonly path: string;
}

/** The API destinations whose names begin with what the person types. The server looks for them, because there may be thousands. */
export function DestinationSelect({ arn, onArn, path }: DestinationSelectProps) {
  const [prefix, setPrefix] = useState('');
  const { output, error, isLoading, reload } = useAnswer('ListApiDestinations', {
    Limit: 50,
    ...(prefix !== '' && { NamePrefix: prefix }),
  });
  const options: readonly SelectProps.Option[] = (output?.ApiDestinations ?? []).map((destination) => ({
    value: destination.ApiDestinationArn,
    label: destination.Name,
    description: `${destination.HttpMethod} ${destination.InvocationEndpoint}`,
  }));
  return (
    <Field label="Existing API destination" path={path}>
      <Select
        selectedOption={arn === '' ? null : { value: arn, label: nameInArn(arn) }}
        options={options}
        placeholder="Choose an API destination"
        filteringType="manual"
        filteringAriaLabel="Beginning of the name"
        filteringPlaceholder="Beginning of the name"
        statusType={error === undefined ? (isLoading ? 'loading' : 'finished') : 'error'}
        loadingText="Loading"
        errorText={error?.message}
        recoveryText="Try again"
        empty="There is no API destination with this name."
        finishedText={output?.NextToken === undefined ? undefined : 'There are more. Type the beginning of a name.'}
        onLoadItems={({ detail }) =>
          detail.filteringText === prefix ? error && reload() : setPrefix(detail.filteringText)
        }
        onChange={({ detail }) => onArn(detail.selectedOption.value ?? '')}
      />
    </Field>
  );
}
