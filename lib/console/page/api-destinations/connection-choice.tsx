import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Select, { type SelectProps } from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tiles from '@cloudscape-design/components/tiles';
import { useState } from 'react';
import { authorizationTypes } from '../connections/connection-draft.ts';
import { useAnswer } from '../data/use-answer.ts';
import { Field } from '../parts/field.tsx';
import { nameInArn } from './destination-draft.ts';

interface ConnectionChoiceProps {
  readonly isNew: boolean;
  readonly onIsNew: (isNew: boolean) => void;
  readonly connectionArn: string;
  readonly onConnectionArn: (arn: string) => void;
}

/** A connection that exists, or a new one that is made together with the API destination. */
export function ConnectionChoice({ isNew, onIsNew, connectionArn, onConnectionArn }: ConnectionChoiceProps) {
  return (
    <Container header={<Header variant="h2">Connection</Header>}>
      <SpaceBetween size="l">
        <Tiles
          ariaLabel="Connection"
          value={isNew ? 'new' : 'existing'}
          columns={2}
          items={[
            { value: 'existing', label: 'Select an existing connection' },
            {
              value: 'new',
              label: 'Create a connection',
              description: 'It is made together with the API destination.',
            },
          ]}
          onChange={({ detail }) => onIsNew(detail.value === 'new')}
        />
        {!isNew && <ConnectionSelect connectionArn={connectionArn} onConnectionArn={onConnectionArn} />}
      </SpaceBetween>
    </Container>
  );
}

type ConnectionSelectProps = Pick<ConnectionChoiceProps, 'connectionArn' | 'onConnectionArn'>;

/** The connections whose names begin with what the person types. The server looks for them, because there may be thousands. */
export function ConnectionSelect({ connectionArn, onConnectionArn }: ConnectionSelectProps) {
  const [prefix, setPrefix] = useState('');
  const { output, error, isLoading, reload } = useAnswer('ListConnections', {
    Limit: 50,
    ...(prefix !== '' && { NamePrefix: prefix }),
  });
  const options: readonly SelectProps.Option[] = (output?.Connections ?? []).map((connection) => ({
    value: connection.ConnectionArn,
    label: connection.Name,
    description: connection.AuthorizationType && authorizationTypes[connection.AuthorizationType],
  }));
  const chosen = connectionArn === '' ? null : { value: connectionArn, label: nameInArn(connectionArn) };
  return (
    <Field label="Existing connection" path="ConnectionArn">
      <Select
        selectedOption={chosen}
        options={options}
        placeholder="Choose a connection"
        filteringType="manual"
        filteringAriaLabel="Beginning of the name"
        filteringPlaceholder="Beginning of the name"
        statusType={error === undefined ? (isLoading ? 'loading' : 'finished') : 'error'}
        loadingText="Loading"
        errorText={error?.message}
        recoveryText="Try again"
        empty="There is no connection with this name."
        finishedText={output?.NextToken === undefined ? undefined : 'There are more. Type the beginning of a name.'}
        onLoadItems={({ detail }) =>
          detail.filteringText === prefix ? error && reload() : setPrefix(detail.filteringText)
        }
        onChange={({ detail }) => onConnectionArn(detail.selectedOption.value ?? '')}
      />
    </Field>
  );
}
