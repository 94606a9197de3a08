import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Refusal } from '../parts/refusal.tsx';

/** Where the credentials of a connection may go, and the secret that holds them. */
export function ConnectionPolicy({ name }: { readonly name: string }) {
  const { isReadOnly } = useStack();
  const { output, error, reload } = useAnswer('GetConnectionPolicy', { ConnectionName: name });
  const hasNone = error?.code === 'ResourceNotFoundException';
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <Button
              href={`/connections/${name}/policy`}
              disabled={isReadOnly}
              disabledReason="This console is read-only."
            >
              Edit policy
            </Button>
          }
        >
          Connection policy
        </Header>
      }
    >
      {!hasNone && <Refusal error={error} onRetry={reload} />}
      {hasNone && (
        <Box>There is no policy. The credentials go to the hosts of all API destinations of this connection.</Box>
      )}
      {output !== undefined && (
        <KeyValuePairs
          columns={2}
          items={[
            { label: 'Allowed hosts', value: output.AllowedHosts?.join(', ') ?? 'All' },
            { label: 'Your own secret', value: output.SecretArn ?? '-' },
          ]}
        />
      )}
    </Container>
  );
}
