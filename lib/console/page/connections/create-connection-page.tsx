import { useState } from 'react';
import { useStack } from '../data/settings.tsx';
import { FormPage } from '../parts/form-page.tsx';
import { useSay } from '../shell/notices.tsx';
import { navigate } from '../shell/router.ts';
import type { ConnectionDraft } from './connection-draft.ts';
import { createInput, emptyConnection } from './connection-draft.ts';
import { ConnectionFields } from './connection-fields.tsx';

export function CreateConnectionPage() {
  const { call } = useStack();
  const say = useSay();
  const [draft, setDraft] = useState(emptyConnection);
  const change = (changes: Partial<ConnectionDraft>): void => setDraft((before) => ({ ...before, ...changes }));
  return (
    <FormPage
      title="Create connection"
      description="A connection holds the credentials for one or more API destinations."
      submitText="Create connection"
      cancelHref="/connections"
      onSubmit={async () => {
        await call('CreateConnection', createInput(draft));
        say(`Connection ${draft.name} was created.`);
        navigate(`/connections/${draft.name}`);
      }}
    >
      <ConnectionFields draft={draft} change={change} />
    </FormPage>
  );
}
