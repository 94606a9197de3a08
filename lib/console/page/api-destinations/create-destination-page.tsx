import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { ConnectionDraft } from '../connections/connection-draft.ts';
import { emptyConnection, createInput as createConnectionInput } from '../connections/connection-draft.ts';
import { ConnectionFields } from '../connections/connection-fields.tsx';
import { useStack } from '../data/settings.tsx';
import { FieldsOf } from '../parts/field.tsx';
import { FormPage } from '../parts/form-page.tsx';
import { useSay } from '../shell/notices.tsx';
import { navigate, usePlace } from '../shell/router.ts';
import { ConnectionChoice } from './connection-choice.tsx';
import type { DestinationDraft } from './destination-draft.ts';
import { createInput, emptyDestination } from './destination-draft.ts';
import { DestinationFields } from './destination-fields.tsx';

export function CreateDestinationPage() {
  const { call } = useStack();
  const say = useSay();
  const asked = usePlace().query.get('connection') ?? '';
  const [draft, setDraft] = useState<DestinationDraft>({ ...emptyDestination, connectionArn: asked });
  const [connection, setConnection] = useState(emptyConnection);
  const [isNew, setIsNew] = useState(false);
  const change = (changes: Partial<DestinationDraft>): void => setDraft((before) => ({ ...before, ...changes }));
  const changeConnection = (changes: Partial<ConnectionDraft>): void =>
    setConnection((before) => ({ ...before, ...changes }));

  /** A connection that was made before the API destination was refused stays, and is then an existing one. */
  const save = async (): Promise<void> => {
    let { connectionArn } = draft;
    if (isNew) {
      const made = await call('CreateConnection', createConnectionInput(connection));
      connectionArn = made.ConnectionArn ?? '';
      say(`Connection ${connection.name} was created.`);
      change({ connectionArn });
      setIsNew(false);
    }
    await call('CreateApiDestination', createInput({ ...draft, connectionArn }));
    say(`API destination ${draft.name} was created.`);
    navigate(`/api-destinations/${draft.name}`);
  };

  return (
    <FormPage
      title="Create API destination"
      description="An API destination is the URL to which events are sent, and the connection that authorizes the requests."
      submitText="Create API destination"
      cancelHref="/api-destinations"
      onSubmit={save}
    >
      <FieldsOf operation="CreateApiDestination">
        <SpaceBetween size="l">
          <DestinationFields draft={draft} change={change} isNew />
          <ConnectionChoice
            isNew={isNew}
            onIsNew={setIsNew}
            connectionArn={draft.connectionArn}
            onConnectionArn={(connectionArn) => change({ connectionArn })}
          />
        </SpaceBetween>
      </FieldsOf>
      {isNew && (
        <FieldsOf operation="CreateConnection">
          <ConnectionFields draft={connection} change={changeConnection} />
        </FieldsOf>
      )}
    </FormPage>
  );
}
