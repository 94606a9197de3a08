import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Modal from '@cloudscape-design/components/modal';
import RadioGroup from '@cloudscape-design/components/radio-group';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useStack } from '../data/settings.tsx';
import { Copyable } from '../parts/copyable.tsx';
import { Field, TextField } from '../parts/field.tsx';
import { FormPage } from '../parts/form-page.tsx';
import { useSay } from '../shell/notices.tsx';
import { navigate, usePlace } from '../shell/router.ts';
import { apiIn, apis, publicIdOf } from './api-key-draft.ts';
import { DaysField, requiredExpiry } from './days-field.tsx';

export function CreateApiKeyPage() {
  const { call } = useStack();
  const say = useSay();
  const [api, setApi] = useState(apiIn(usePlace().query.get('api')));
  const [description, setDescription] = useState('');
  const [days, setDays] = useState('7');
  /** The whole key. It is only here, and only until the dialog is closed. */
  const [created, setCreated] = useState<string>();
  const list = `/api-keys?api=${api}`;
  return (
    <>
      <FormPage
        title="Create API key"
        description="The whole key is shown once, when it is created."
        submitText="Create API key"
        cancelHref={list}
        onSubmit={async () => {
          const { apiKey } = await call('CreateApiKey', {
            apiId: api,
            expires: requiredExpiry(days),
            ...(description !== '' && { description }),
          });
          setCreated(apiKey?.id);
        }}
      >
        <Container>
          <SpaceBetween size="l">
            <Field path="apiId" label="API">
              <RadioGroup
                value={api}
                items={Object.entries(apis).map(([value, { label, description: text }]) => ({
                  value,
                  label,
                  description: text,
                }))}
                onChange={({ detail }) => setApi(apiIn(detail.value))}
              />
            </Field>
            <TextField
              path="description"
              label="Description"
              description="What the key is for, such as the name of the program."
              isOptional
              value={description}
              onChange={setDescription}
            />
            <DaysField days={days} onChange={setDays} />
          </SpaceBetween>
        </Container>
      </FormPage>
      {created !== undefined && (
        <CreatedKey
          apiKey={created}
          onClose={() => {
            setCreated(undefined);
            say(`API key ${publicIdOf(created)} was created.`);
            navigate(list);
          }}
        />
      )}
    </>
  );
}

interface CreatedKeyProps {
  readonly apiKey: string;
  readonly onClose: () => void;
}

/** Shows a new key. A click beside the dialog does not close it, because the key cannot be shown again. */
function CreatedKey({ apiKey, onClose }: CreatedKeyProps) {
  return (
    <Modal
      visible
      header="The new API key"
      onDismiss={({ detail }) => detail.reason !== 'overlay' && onClose()}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            I have stored the key
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Alert type="warning">Copy the key now. It is never shown again.</Alert>
        <Copyable text={apiKey} what="the API key" />
        <Box color="text-body-secondary">
          A program sends it in the header x-api-key. As AWS credentials, the access key id is {publicIdOf(apiKey)}, and
          the secret access key is the whole key.
        </Box>
      </SpaceBetween>
    </Modal>
  );
}
