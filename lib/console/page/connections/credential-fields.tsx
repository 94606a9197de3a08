import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { Field, TextField } from '../parts/field.tsx';
import type { ConnectionDraft } from './connection-draft.ts';
import { tokenMethods } from './connection-draft.ts';
import type { ParameterDraft } from './http-parameters.ts';
import { ParametersEditor } from './parameters-editor.tsx';

export interface DraftProps {
  readonly draft: ConnectionDraft;
  readonly change: (changes: Partial<ConnectionDraft>) => void;
  /** Absent for a new connection. */
  readonly before?: KeptParameters;
}

/** The parameters of a connection that exists. */
export interface KeptParameters {
  readonly draft: ConnectionDraft;
  readonly oauthParameters: readonly ParameterDraft[];
  readonly invocationParameters: readonly ParameterDraft[];
}

/** The fields of the chosen authorization type. */
export function CredentialFields(props: DraftProps) {
  switch (props.draft.authorizationType) {
    case 'BASIC':
      return <BasicFields {...props} />;
    case 'API_KEY':
      return <ApiKeyFields {...props} />;
    case 'OAUTH_CLIENT_CREDENTIALS':
      return <OAuthFields {...props} />;
  }
}

/** The text below the field of a secret that the connection may keep. */
function keptSecret({ draft, before }: DraftProps): string | undefined {
  return before?.draft.authorizationType === draft.authorizationType
    ? 'Leave it empty to keep the one that is stored.'
    : undefined;
}

function BasicFields(props: DraftProps) {
  const { draft, change } = props;
  const path = 'AuthParameters.BasicAuthParameters';
  return (
    <SpaceBetween size="l">
      <TextField
        label="Username"
        path={`${path}.Username`}
        value={draft.username}
        onChange={(username) => change({ username })}
      />
      <TextField
        isSecret
        label="Password"
        path={`${path}.Password`}
        constraint={keptSecret(props)}
        value={draft.password}
        onChange={(password) => change({ password })}
      />
    </SpaceBetween>
  );
}

function ApiKeyFields(props: DraftProps) {
  const { draft, change } = props;
  const path = 'AuthParameters.ApiKeyAuthParameters';
  return (
    <SpaceBetween size="l">
      <TextField
        label="API key name"
        description="The name of the header that carries the key."
        path={`${path}.ApiKeyName`}
        value={draft.apiKeyName}
        placeholder="x-api-key"
        onChange={(apiKeyName) => change({ apiKeyName })}
      />
      <TextField
        isSecret
        label="API key value"
        path={`${path}.ApiKeyValue`}
        constraint={keptSecret(props)}
        value={draft.apiKeyValue}
        onChange={(apiKeyValue) => change({ apiKeyValue })}
      />
    </SpaceBetween>
  );
}

function OAuthFields(props: DraftProps) {
  const { draft, change, before } = props;
  const path = 'AuthParameters.OAuthParameters';
  return (
    <SpaceBetween size="l">
      <TextField
        label="Authorization endpoint"
        description="The URL that gives out access tokens."
        path={`${path}.AuthorizationEndpoint`}
        value={draft.authorizationEndpoint}
        placeholder="https://login.example.com/oauth/token"
        inputMode="url"
        onChange={(authorizationEndpoint) => change({ authorizationEndpoint })}
      />
      <Field label="HTTP method" path={`${path}.HttpMethod`} description="The method of the token request.">
        <Select
          selectedOption={{ value: draft.tokenMethod, label: draft.tokenMethod }}
          options={tokenMethods.map((value) => ({ value, label: value }))}
          onChange={({ detail }) =>
            change({ tokenMethod: tokenMethods.find((method) => method === detail.selectedOption.value) ?? 'POST' })
          }
        />
      </Field>
      <TextField
        label="Client ID"
        path={`${path}.ClientParameters.ClientID`}
        value={draft.clientId}
        onChange={(clientId) => change({ clientId })}
      />
      <TextField
        isSecret
        label="Client secret"
        path={`${path}.ClientParameters.ClientSecret`}
        constraint={keptSecret(props)}
        value={draft.clientSecret}
        onChange={(clientSecret) => change({ clientSecret })}
      />
      <Field
        isOptional
        label="OAuth HTTP parameters"
        description="Headers, query string parameters and members of the body that the token request also gets."
        path={`${path}.OAuthHttpParameters`}
      >
        <ParametersEditor
          path={`${path}.OAuthHttpParameters`}
          value={draft.oauthParameters}
          kept={before?.oauthParameters ?? []}
          onChange={(oauthParameters) => change({ oauthParameters })}
        />
      </Field>
    </SpaceBetween>
  );
}
