import Container from '@cloudscape-design/components/container';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import { useState } from 'react';
import type { OutputOf } from '../data/operations.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Center } from '../parts/center.tsx';
import { Field, TextField } from '../parts/field.tsx';
import { FormPage } from '../parts/form-page.tsx';
import { Refusal } from '../parts/refusal.tsx';
import { useSay } from '../shell/notices.tsx';
import type { PageProps } from '../parts/page-props.ts';
import { navigate } from '../shell/router.ts';

export function ConnectionPolicyPage({ params: { name = '' } }: PageProps) {
  const { output, error, isLoading, reload } = useAnswer('GetConnectionPolicy', { ConnectionName: name });
  if (isLoading) return <Center isLoading />;
  if (error !== undefined && error.code !== 'ResourceNotFoundException')
    return <Refusal error={error} onRetry={reload} />;
  return <PolicyForm name={name} policy={output} />;
}

interface PolicyFormProps {
  readonly name: string;
  readonly policy: OutputOf<'GetConnectionPolicy'> | undefined;
}

function PolicyForm({ name, policy }: PolicyFormProps) {
  const { call } = useStack();
  const say = useSay();
  const [hosts, setHosts] = useState(policy?.AllowedHosts?.join('\n') ?? '');
  const [secretArn, setSecretArn] = useState(policy?.SecretArn ?? '');

  /** A policy without members is no policy. */
  const save = async (): Promise<void> => {
    const allowedHosts = hosts.split(/[\s,]+/).filter((host) => host !== '');
    const members = {
      ...(allowedHosts.length > 0 && { AllowedHosts: allowedHosts }),
      ...(secretArn.trim() !== '' && { SecretArn: secretArn.trim() }),
    };
    if (Object.keys(members).length > 0) await call('PutConnectionPolicy', { ConnectionName: name, ...members });
    else await call('DeleteConnectionPolicy', { ConnectionName: name });
    say(`The policy of connection ${name} was saved.`);
    navigate(`/connections/${name}`);
  };

  return (
    <FormPage
      title={`Edit the policy of connection ${name}`}
      description="An empty field means that there is no such rule. A change is in effect within seconds."
      submitText="Save policy"
      cancelHref={`/connections/${name}`}
      onSubmit={save}
    >
      <Container>
        <SpaceBetween size="l">
          <Field
            label="Allowed hosts"
            path="AllowedHosts"
            description="The credentials go to no other host. One host in a line. In *.example.com, the * stands for one label."
            constraint="Deliveries of API destinations on other hosts then become dead letters."
          >
            <Textarea
              rows={4}
              value={hosts}
              spellcheck={false}
              placeholder="api.example.com"
              onChange={({ detail }) => setHosts(detail.value)}
            />
          </Field>
          <TextField
            label="ARN of your own secret"
            path="SecretArn"
            description="A secret in Secrets Manager that holds the credentials, instead of those that were entered here."
            constraint="The stored credentials are then deleted. When you remove the ARN again, the connection is deauthorized until you enter new ones."
            value={secretArn}
            onChange={setSecretArn}
          />
        </SpaceBetween>
      </Container>
    </FormPage>
  );
}
