import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import type { ApiDestinationDetails } from '../data/eventbridge-operations.ts';
import { Copyable } from '../parts/copyable.tsx';
import { State } from '../parts/state.tsx';
import { Time } from '../parts/time.tsx';
import { nameInArn } from './destination-draft.ts';

export function DestinationDetails({ destination }: { readonly destination: ApiDestinationDetails }) {
  const connection = nameInArn(destination.ConnectionArn);
  return (
    <Container header={<Header variant="h2">API destination</Header>}>
      <KeyValuePairs
        columns={3}
        items={[
          { label: 'URL', value: destination.InvocationEndpoint },
          { label: 'HTTP method', value: destination.HttpMethod },
          { label: 'Invocation rate limit per second', value: destination.InvocationRateLimitPerSecond ?? '-' },
          { label: 'Connection', value: <Link href={`/connections/${connection}`}>{connection}</Link> },
          { label: 'State', value: <State state={destination.ApiDestinationState} /> },
          { label: 'Description', value: destination.Description ?? '-' },
          { label: 'Created', value: <Time seconds={destination.CreationTime} /> },
          { label: 'Last changed', value: <Time seconds={destination.LastModifiedTime} /> },
          { label: 'ARN', value: <Copyable text={destination.ApiDestinationArn ?? ''} what="the ARN" /> },
        ]}
      />
    </Container>
  );
}
