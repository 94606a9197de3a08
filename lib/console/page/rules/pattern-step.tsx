import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Textarea from '@cloudscape-design/components/textarea';
import { useContext } from 'react';
import { useAnswer } from '../data/use-answer.ts';
import { useSettled } from '../data/use-settled.ts';
import { ErrorContext, Field, FieldErrors } from '../parts/field.tsx';
import type { StepProps } from './rule-step.tsx';
import { SampleEventField } from './sample-event-field.tsx';

/** The event pattern, which is tried with an event while the person writes it. */
export function PatternStep({ draft, change }: StepProps) {
  const input = { EventPattern: useSettled(draft.pattern), Event: useSettled(draft.sample) };
  const { output, error } = useAnswer('TestEventPattern', input);
  const saveError = useContext(ErrorContext);
  return (
    <FieldErrors error={error ?? saveError}>
      <SpaceBetween size="l">
        <Container>
          <Field
            label="Event pattern"
            path="EventPattern"
            description="JSON with the members that an event must have, and a list of allowed values for each of them."
            constraint="At most 2,048 bytes."
          >
            <Textarea
              rows={8}
              value={draft.pattern}
              spellcheck={false}
              onChange={({ detail }) => change({ pattern: detail.value })}
            />
          </Field>
        </Container>
        <Container
          header={
            <Header variant="h2" description="The event bus itself compares the event with the pattern.">
              Try the pattern
            </Header>
          }
        >
          <SpaceBetween size="m">
            <SampleEventField text={draft.sample} onText={(sample) => change({ sample })} />
            <div role="status">
              {error !== undefined && <StatusIndicator type="error">{error.message}</StatusIndicator>}
              {error === undefined && output?.Result === true && (
                <StatusIndicator type="success">The event matches the pattern.</StatusIndicator>
              )}
              {error === undefined && output?.Result === false && (
                <StatusIndicator type="stopped">The event does not match the pattern.</StatusIndicator>
              )}
            </div>
          </SpaceBetween>
        </Container>
      </SpaceBetween>
    </FieldErrors>
  );
}
