import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Refusal } from '../parts/refusal.tsx';
import { draftOfPolicy, policyMembers } from './policy-members.ts';

/** The members of the delivery policy that are set. */
export function PolicySummary({ name }: { readonly name: string }) {
  const { isReadOnly } = useStack();
  const { output, error, reload } = useAnswer('GetDeliveryPolicy', { ApiDestinationName: name });
  const hasNone = error?.code === 'ResourceNotFoundException';
  const { texts, isWithoutRateLimit } = draftOfPolicy(output);
  const set = policyMembers.flatMap(({ path, label }) => {
    const value = texts[path];
    return value === undefined ? [] : [{ label, value }];
  });
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <Button
              href={`/api-destinations/${name}/policy`}
              disabled={isReadOnly}
              disabledReason="This console is read-only."
            >
              Edit policy
            </Button>
          }
        >
          Delivery policy
        </Header>
      }
    >
      {!hasNone && <Refusal error={error} onRetry={reload} />}
      {hasNone && <Box>There is no policy, so the defaults of the stack apply.</Box>}
      {output !== undefined && (
        <KeyValuePairs
          columns={3}
          items={[...set, ...(isWithoutRateLimit ? [{ label: 'Rate limit', value: 'None' }] : [])]}
        />
      )}
    </Container>
  );
}
