import { useMemo, useState } from 'react';
import type { ConnectionDetails } from '../data/eventbridge-operations.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Center } from '../parts/center.tsx';
import { FormPage } from '../parts/form-page.tsx';
import { Refusal } from '../parts/refusal.tsx';
import { useSay } from '../shell/notices.tsx';
import type { PageProps } from '../parts/page-props.ts';
import { navigate } from '../shell/router.ts';
import type { ConnectionDraft } from './connection-draft.ts';
import { draftOfConnection, updateInput } from './connection-draft.ts';
import { ConnectionFields } from './connection-fields.tsx';
import { draftsOf } from './http-parameters.ts';

export function EditConnectionPage({ params: { name = '' } }: PageProps) {
  const { output, error, reload } = useAnswer('DescribeConnection', { Name: name });
  if (error !== undefined) return <Refusal error={error} onRetry={reload} />;
  return output === undefined ? <Center isLoading /> : <EditForm connection={output} />;
}

function EditForm({ connection }: { readonly connection: ConnectionDetails }) {
  const { call } = useStack();
  const say = useSay();
  const before = useMemo(() => {
    const { AuthParameters: { OAuthParameters, InvocationHttpParameters } = {} } = connection;
    return {
      draft: draftOfConnection(connection),
      oauthParameters: draftsOf(OAuthParameters?.OAuthHttpParameters),
      invocationParameters: draftsOf(InvocationHttpParameters),
    };
  }, [connection]);
  const [draft, setDraft] = useState(before.draft);
  const change = (changes: Partial<ConnectionDraft>): void => setDraft((old) => ({ ...old, ...changes }));
  const { name } = draft;
  return (
    <FormPage
      title={`Edit connection ${name}`}
      submitText="Save"
      cancelHref={`/connections/${name}`}
      onSubmit={async () => {
        await call('UpdateConnection', updateInput(draft, before.draft));
        say(`Connection ${name} was saved.`);
        navigate(`/connections/${name}`);
      }}
    >
      <ConnectionFields draft={draft} change={change} before={before} />
    </FormPage>
  );
}
