import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs, { type KeyValuePairsProps } from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type * as eventBridge from '../data/eventbridge-operations.ts';
import { Copyable } from '../parts/copyable.tsx';
import { State } from '../parts/state.tsx';
import { Time } from '../parts/time.tsx';
import { authorizationTypes } from './connection-draft.ts';
import { Network } from './connection-fields.tsx';
import { draftsOf, parameterPlaces } from './http-parameters.ts';

type Pairs = KeyValuePairsProps['items'];

/** What the service shows of a connection. It never shows the secrets. */
export function ConnectionDetails({ connection }: { readonly connection: eventBridge.ConnectionDetails }) {
  const { ConnectionState, StateReason, ConnectionArn = '' } = connection;
  return (
    <SpaceBetween size="l">
      {StateReason !== undefined && (
        <Alert type={ConnectionState === 'AUTHORIZED' ? 'info' : 'warning'} header="Reason of the state">
          {StateReason}
        </Alert>
      )}
      <Container header={<Header variant="h2">Connection</Header>}>
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Description', value: connection.Description ?? '-' },
            { label: 'State', value: <State state={ConnectionState} /> },
            { label: 'Network', value: <Network /> },
            { label: 'Created', value: <Time seconds={connection.CreationTime} /> },
            { label: 'Last changed', value: <Time seconds={connection.LastModifiedTime} /> },
            { label: 'Last authorized', value: <Time seconds={connection.LastAuthorizedTime} /> },
            { label: 'ARN', value: <Copyable text={ConnectionArn} what="the ARN" /> },
          ]}
        />
      </Container>
      <Container header={<Header variant="h2">Authorization</Header>}>
        <KeyValuePairs columns={3} items={authorizationPairs(connection)} />
      </Container>
    </SpaceBetween>
  );
}

const hidden = 'Stored, and never shown';

function authorizationPairs(connection: eventBridge.ConnectionDetails): Pairs {
  const { AuthorizationType: type, AuthParameters = {} } = connection;
  const { BasicAuthParameters: basic, ApiKeyAuthParameters: key, OAuthParameters: oauth } = AuthParameters;
  return [
    { label: 'Authorization type', value: type === undefined ? '-' : authorizationTypes[type] },
    ...(basic === undefined
      ? []
      : [
          { label: 'Username', value: basic.Username },
          { label: 'Password', value: hidden },
        ]),
    ...(key === undefined
      ? []
      : [
          { label: 'API key name', value: key.ApiKeyName },
          { label: 'API key value', value: hidden },
        ]),
    ...(oauth === undefined
      ? []
      : [
          { label: 'Authorization endpoint', value: oauth.AuthorizationEndpoint },
          { label: 'HTTP method', value: oauth.HttpMethod },
          { label: 'Client ID', value: oauth.ClientParameters?.ClientID },
          { label: 'Client secret', value: hidden },
          { label: 'OAuth HTTP parameters', value: <Parameters parameters={oauth.OAuthHttpParameters} /> },
        ]),
    {
      label: 'Invocation HTTP parameters',
      value: <Parameters parameters={AuthParameters.InvocationHttpParameters} />,
    },
  ];
}

function Parameters({ parameters }: { readonly parameters: eventBridge.ConnectionHttpParameters | undefined }) {
  const rows = draftsOf(parameters);
  if (rows.length === 0) return <>-</>;
  return (
    <SpaceBetween size="xxs">
      {rows.map(({ place, key, value, isSecret }) => (
        <div key={`${place} ${key}`}>
          {parameterPlaces[place]} {key}: {isSecret ? <i>{hidden.toLowerCase()}</i> : value}
        </div>
      ))}
    </SpaceBetween>
  );
}
