import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { nameInArn } from '../api-destinations/destination-draft.ts';
import type { NewDestination } from '../api-destinations/new-destination.tsx';
import { JsonBlock } from '../parts/json-block.tsx';
import type { RuleDraft } from './rule-draft.ts';
import { inputKinds, steps } from './rule-draft.ts';
import { TransformerText } from './transformer-text.tsx';

interface ReviewStepProps {
  readonly draft: RuleDraft;
  readonly destination: NewDestination;
  readonly isNewDestination: boolean;
  readonly goTo: (step: number) => void;
}

/** Everything that Create rule will make. */
export function ReviewStep({ draft, destination, isNewDestination, goTo }: ReviewStepProps) {
  const heading = (text: string, step: number) => (
    <Header
      variant="h2"
      actions={
        <Button ariaLabel={`Edit ${text}`} onClick={() => goTo(step)}>
          Edit
        </Button>
      }
    >
      {text}
    </Header>
  );
  const { draft: made, connection, isNewConnection } = destination;
  return (
    <SpaceBetween size="l">
      <Container header={heading('Rule', steps.rule)}>
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Name', value: draft.name || '-' },
            { label: 'Event bus', value: draft.eventBusName },
            { label: 'State', value: draft.isEnabled ? 'Enabled' : 'Disabled' },
            { label: 'Description', value: draft.description || '-' },
          ]}
        />
      </Container>
      <Container header={heading('Event pattern', steps.pattern)}>
        <JsonBlock text={draft.pattern} />
      </Container>
      <Container header={heading('Target', steps.target)}>
        <SpaceBetween size="l">
          <KeyValuePairs
            columns={3}
            items={[
              {
                label: 'API destination',
                value: isNewDestination ? `${made.name || '-'} (new)` : nameInArn(draft.destinationArn) || '-',
              },
              ...(isNewDestination
                ? [
                    { label: 'URL', value: `${made.httpMethod} ${made.endpoint || '-'}` },
                    {
                      label: 'Connection',
                      value: isNewConnection ? `${connection.name || '-'} (new)` : nameInArn(made.connectionArn) || '-',
                    },
                  ]
                : []),
              { label: 'Target id', value: draft.targetId },
              { label: 'Input', value: inputKinds[draft.inputKind] },
              { label: 'Maximum retry attempts', value: draft.maximumRetryAttempts || 'Default' },
              { label: 'Maximum age of an event, seconds', value: draft.maximumEventAgeSeconds || 'Default' },
              { label: 'Dead-letter queue', value: draft.deadLetterArn || "The stack's own" },
            ]}
          />
          {draft.inputKind === 'path' && <JsonBlock text={draft.inputPath} />}
          {draft.inputKind === 'constant' && <JsonBlock text={draft.constant} />}
          {draft.inputKind === 'transformer' && <TransformerText paths={draft.paths} template={draft.template} />}
        </SpaceBetween>
      </Container>
    </SpaceBetween>
  );
}
