import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { ConnectionDraft } from '../connections/connection-draft.ts';
import { emptyConnection, createInput as createConnectionInput } from '../connections/connection-draft.ts';
import { ConnectionFields } from '../connections/connection-fields.tsx';
import { useStack } from '../data/settings.tsx';
import { FieldsOf } from '../parts/field.tsx';
import { useSay } from '../shell/notices.tsx';
import { ConnectionChoice } from './connection-choice.tsx';
import type { DestinationDraft } from './destination-draft.ts';
import { createInput, emptyDestination } from './destination-draft.ts';
import { DestinationFields } from './destination-fields.tsx';

/** What the form for a new API destination holds, with the connection that it may create too. */
export interface NewDestination {
  readonly draft: DestinationDraft;
  readonly change: (changes: Partial<DestinationDraft>) => void;
  readonly connection: ConnectionDraft;
  readonly changeConnection: (changes: Partial<ConnectionDraft>) => void;
  readonly isNewConnection: boolean;
  readonly setIsNewConnection: (isNew: boolean) => void;
  /**
   * Creates what the form describes. A connection that was made before the API destination was refused stays, and is then an
   * existing one.
   *
   * @returns the ARN of the API destination
   */
  readonly save: () => Promise<string>;
}

/** @param connectionArn the connection that is chosen at first; empty for none */
export function useNewDestination(connectionArn: string): NewDestination {
  const { call } = useStack();
  const say = useSay();
  const [draft, setDraft] = useState<DestinationDraft>({ ...emptyDestination, connectionArn });
  const [connection, setConnection] = useState(emptyConnection);
  const [isNewConnection, setIsNewConnection] = useState(false);
  const change = (changes: Partial<DestinationDraft>): void => setDraft((before) => ({ ...before, ...changes }));
  const changeConnection = (changes: Partial<ConnectionDraft>): void =>
    setConnection((before) => ({ ...before, ...changes }));

  const save = async (): Promise<string> => {
    let chosenArn = draft.connectionArn;
    if (isNewConnection) {
      const made = await call('CreateConnection', createConnectionInput(connection));
      chosenArn = made.ConnectionArn ?? '';
      say(`Connection ${connection.name} was created.`);
      change({ connectionArn: chosenArn });
      setIsNewConnection(false);
    }
    const { ApiDestinationArn = '' } = await call(
      'CreateApiDestination',
      createInput({ ...draft, connectionArn: chosenArn }),
    );
    say(`API destination ${draft.name} was created.`);
    return ApiDestinationArn;
  };

  return { draft, change, connection, changeConnection, isNewConnection, setIsNewConnection, save };
}

/** The fields of a new API destination. The rule wizard shows them too. */
export function NewDestinationFields({ form }: { readonly form: NewDestination }) {
  const { draft, change, connection, changeConnection, isNewConnection, setIsNewConnection } = form;
  return (
    <SpaceBetween size="l">
      <FieldsOf operation="CreateApiDestination">
        <SpaceBetween size="l">
          <DestinationFields draft={draft} change={change} isNew />
          <ConnectionChoice
            isNew={isNewConnection}
            onIsNew={setIsNewConnection}
            connectionArn={draft.connectionArn}
            onConnectionArn={(connectionArn) => change({ connectionArn })}
          />
        </SpaceBetween>
      </FieldsOf>
      {isNewConnection && (
        <FieldsOf operation="CreateConnection">
          <ConnectionFields draft={connection} change={changeConnection} />
        </FieldsOf>
      )}
    </SpaceBetween>
  );
}
