import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tiles from '@cloudscape-design/components/tiles';
import type { AuthorizationType } from '../data/eventbridge-operations.ts';
import { useStack } from '../data/settings.tsx';
import { Field, TextField } from '../parts/field.tsx';
import { authorizationTypes } from './connection-draft.ts';
import type { DraftProps } from './credential-fields.tsx';
import { CredentialFields } from './credential-fields.tsx';
import { ParametersEditor } from './parameters-editor.tsx';

const descriptions: Readonly<Record<AuthorizationType, string>> = {
  BASIC: 'Each request carries a username and a password in the header Authorization.',
  API_KEY: 'Each request carries a key in a header that you name.',
  OAUTH_CLIENT_CREDENTIALS: 'Each request carries an access token, which Lastmile gets and renews.',
};

/** All fields of a connection. The form for an API destination shows them too. */
export function ConnectionFields(props: DraftProps) {
  const { draft, change, before } = props;
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">Connection</Header>}>
        <SpaceBetween size="l">
          {before === undefined && (
            <TextField
              label="Name"
              path="Name"
              constraint="Letters, digits, dots, hyphens and underscores; at most 64."
              value={draft.name}
              onChange={(name) => change({ name })}
            />
          )}
          <TextField
            isOptional
            label="Description"
            path="Description"
            value={draft.description}
            onChange={(description) => change({ description })}
          />
          <FormField label="Network">
            <Network />
          </FormField>
        </SpaceBetween>
      </Container>
      <Container header={<Header variant="h2">Authorization</Header>}>
        <SpaceBetween size="l">
          <Field label="Authorization type" path="AuthorizationType">
            <Tiles
              ariaLabel="Authorization type"
              value={draft.authorizationType}
              columns={3}
              items={Object.entries(authorizationTypes).map(([value, label]) => ({
                value,
                label,
                description: descriptions[value as AuthorizationType],
              }))}
              onChange={({ detail }) => change({ authorizationType: detail.value as AuthorizationType })}
            />
          </Field>
          <CredentialFields {...props} />
        </SpaceBetween>
      </Container>
      <Container
        header={
          <Header variant="h2" description="Every request to an API destination of this connection gets them.">
            Invocation HTTP parameters
          </Header>
        }
      >
        <ParametersEditor
          path="AuthParameters.InvocationHttpParameters"
          value={draft.invocationParameters}
          kept={before?.invocationParameters ?? []}
          onChange={(invocationParameters) => change({ invocationParameters })}
        />
      </Container>
    </SpaceBetween>
  );
}

/** A connection has no network of its own: the settings of the stack say which private networks it may call. */
export function Network() {
  const { privateNetworks } = useStack();
  return (
    <Box>
      Internet
      {privateNetworks === '' && '. Private addresses are refused; PRIVATE_NETWORK_ALLOWLIST allows them.'}
      {privateNetworks !== undefined && privateNetworks !== '' && `, and private: ${privateNetworks}`}
    </Box>
  );
}
