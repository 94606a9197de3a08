import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tiles from '@cloudscape-design/components/tiles';
import { authorizationTypes } from '../connections/connection-draft.ts';
import { useAnswer } from '../data/use-answer.ts';
import { type NameSearch, NameSelect } from '../parts/name-select.tsx';
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

export function ConnectionSelect({ connectionArn, onConnectionArn }: ConnectionSelectProps) {
  return (
    <NameSelect
      label="Existing connection"
      path="ConnectionArn"
      kind="a connection"
      selected={connectionArn === '' ? null : { value: connectionArn, label: nameInArn(connectionArn) }}
      useList={useConnections}
      optionsOf={({ Connections = [] }) =>
        Connections.map(({ ConnectionArn, Name, AuthorizationType: type }) => ({
          value: ConnectionArn,
          label: Name,
          description: type && authorizationTypes[type],
        }))
      }
      onArn={onConnectionArn}
    />
  );
}

const useConnections = (search: NameSearch) => useAnswer('ListConnections', search);
