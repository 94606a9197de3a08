import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { DeliveryPolicy } from '../data/lastmile-operations.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Center } from '../parts/center.tsx';
import { Field } from '../parts/field.tsx';
import { FormPage } from '../parts/form-page.tsx';
import { Refusal } from '../parts/refusal.tsx';
import { useSay } from '../shell/notices.tsx';
import type { PageProps } from '../parts/page-props.ts';
import { navigate } from '../shell/router.ts';
import { MemberField } from './policy-member-field.tsx';
import { draftOfPolicy, policyGroups, policyOf } from './policy-members.ts';

export function PolicyPage({ params: { name = '' } }: PageProps) {
  const { output, error, isLoading, reload } = useAnswer('GetDeliveryPolicy', { ApiDestinationName: name });
  if (isLoading) return <Center isLoading />;
  if (error !== undefined && error.code !== 'ResourceNotFoundException')
    return <Refusal error={error} onRetry={reload} />;
  return <PolicyForm name={name} policy={output} />;
}

interface PolicyFormProps {
  readonly name: string;
  readonly policy: DeliveryPolicy | undefined;
}

function PolicyForm({ name, policy }: PolicyFormProps) {
  const { call } = useStack();
  const say = useSay();
  const [draft, setDraft] = useState(() => draftOfPolicy(policy));
  const { texts, isWithoutRateLimit } = draft;

  /** A policy without members is no policy. */
  const save = async (): Promise<void> => {
    const wanted = policyOf(draft, policy);
    if (Object.keys(wanted).length > 0) await call('PutDeliveryPolicy', { ApiDestinationName: name, ...wanted });
    else await call('DeleteDeliveryPolicy', { ApiDestinationName: name });
    say(`The delivery policy of ${name} was saved.`);
    navigate(`/api-destinations/${name}`);
  };

  return (
    <FormPage
      title={`Edit the delivery policy of ${name}`}
      description="An empty field means the default. A change is in effect within seconds."
      submitText="Save policy"
      cancelHref={`/api-destinations/${name}`}
      onSubmit={save}
    >
      {policyGroups.map(({ title, members }) => (
        <Container key={title} header={<Header variant="h2">{title}</Header>}>
          <SpaceBetween size="l">
            {members.map((member) => (
              <MemberField
                key={member.path}
                member={member}
                value={texts[member.path] ?? ''}
                onChange={(text) =>
                  setDraft((before) => ({ ...before, texts: { ...before.texts, [member.path]: text } }))
                }
              />
            ))}
            {title === 'Requests' && (
              <Field label="Rate limit" path="InvocationRateLimit">
                <Checkbox
                  checked={isWithoutRateLimit}
                  description="InvocationRateLimitPerSecond of the API destination then has no effect."
                  onChange={({ detail }) => setDraft((before) => ({ ...before, isWithoutRateLimit: detail.checked }))}
                >
                  Send without a rate limit
                </Checkbox>
              </Field>
            )}
          </SpaceBetween>
        </Container>
      ))}
    </FormPage>
  );
}
