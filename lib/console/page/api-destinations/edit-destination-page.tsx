import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { useState } from 'react';
import type { ApiDestinationDetails } from '../data/eventbridge-operations.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Center } from '../parts/center.tsx';
import { FormPage } from '../parts/form-page.tsx';
import { Refusal } from '../parts/refusal.tsx';
import { useSay } from '../shell/notices.tsx';
import type { PageProps } from '../parts/page-props.ts';
import { navigate } from '../shell/router.ts';
import { ConnectionSelect } from './connection-choice.tsx';
import type { DestinationDraft } from './destination-draft.ts';
import { draftOfDestination, updateInput } from './destination-draft.ts';
import { DestinationFields } from './destination-fields.tsx';

export function EditDestinationPage({ params: { name = '' } }: PageProps) {
  const { output, error, reload } = useAnswer('DescribeApiDestination', { Name: name });
  if (error !== undefined) return <Refusal error={error} onRetry={reload} />;
  return output === undefined ? <Center isLoading /> : <EditForm destination={output} />;
}

function EditForm({ destination }: { readonly destination: ApiDestinationDetails }) {
  const { call } = useStack();
  const say = useSay();
  const [draft, setDraft] = useState(() => draftOfDestination(destination));
  const change = (changes: Partial<DestinationDraft>): void => setDraft((before) => ({ ...before, ...changes }));
  const { name } = draft;
  return (
    <FormPage
      title={`Edit API destination ${name}`}
      submitText="Save"
      cancelHref={`/api-destinations/${name}`}
      onSubmit={async () => {
        await call('UpdateApiDestination', updateInput(draft));
        say(`API destination ${name} was saved.`);
        navigate(`/api-destinations/${name}`);
      }}
    >
      <DestinationFields draft={draft} change={change} isNew={false} />
      <Container header={<Header variant="h2">Connection</Header>}>
        <ConnectionSelect
          connectionArn={draft.connectionArn}
          onConnectionArn={(connectionArn) => change({ connectionArn })}
        />
      </Container>
    </FormPage>
  );
}
