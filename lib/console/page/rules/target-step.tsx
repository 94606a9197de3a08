import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tiles from '@cloudscape-design/components/tiles';
import { DestinationSelect } from '../api-destinations/destination-select.tsx';
import type { NewDestination } from '../api-destinations/new-destination.tsx';
import { NewDestinationFields } from '../api-destinations/new-destination.tsx';
import { FieldsOf, TextField } from '../parts/field.tsx';
import { InputFields } from './input-fields.tsx';
import type { StepProps } from './rule-step.tsx';

interface TargetStepProps extends StepProps {
  readonly destination: NewDestination;
  readonly isNewDestination: boolean;
  readonly setIsNewDestination: (isNew: boolean) => void;
}

/** The API destination that gets the events, what it gets of them, and what happens when it fails. */
export function TargetStep(props: TargetStepProps) {
  const { draft, change, destination, isNewDestination, setIsNewDestination } = props;
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">API destination</Header>}>
        <SpaceBetween size="l">
          <Tiles
            ariaLabel="API destination"
            value={isNewDestination ? 'new' : 'existing'}
            columns={2}
            items={[
              { value: 'existing', label: 'Select an existing API destination' },
              {
                value: 'new',
                label: 'Create an API destination',
                description: 'It is made together with the rule.',
              },
            ]}
            onChange={({ detail }) => setIsNewDestination(detail.value === 'new')}
          />
          <FieldsOf operation="PutTargets">
            <SpaceBetween size="l">
              {!isNewDestination && (
                <DestinationSelect
                  arn={draft.destinationArn}
                  onArn={(destinationArn) => change({ destinationArn })}
                  path="Targets[0].Arn"
                />
              )}
              <TextField
                label="Target id"
                path="Targets[0].Id"
                constraint="It is unique among the targets of the rule."
                value={draft.targetId}
                onChange={(targetId) => change({ targetId })}
              />
            </SpaceBetween>
          </FieldsOf>
        </SpaceBetween>
      </Container>
      {isNewDestination && <NewDestinationFields form={destination} />}
      <FieldsOf operation="PutTargets">
        <SpaceBetween size="l">
          <InputFields draft={draft} change={change} />
          <FailureFields draft={draft} change={change} />
        </SpaceBetween>
      </FieldsOf>
    </SpaceBetween>
  );
}

function FailureFields({ draft, change }: StepProps) {
  return (
    <Container
      header={
        <Header variant="h2" description="An event that cannot be delivered becomes a dead letter.">
          Retry policy and dead-letter queue
        </Header>
      }
    >
      <SpaceBetween size="l">
        <TextField
          isOptional
          label="Maximum retry attempts"
          path="Targets[0].RetryPolicy.MaximumRetryAttempts"
          constraint="0 to 185. Default: that of the delivery policy."
          inputMode="numeric"
          value={draft.maximumRetryAttempts}
          onChange={(maximumRetryAttempts) => change({ maximumRetryAttempts })}
        />
        <TextField
          isOptional
          label="Maximum age of an event, in seconds"
          path="Targets[0].RetryPolicy.MaximumEventAgeInSeconds"
          constraint="60 to 86,400. Default: that of the delivery policy."
          inputMode="numeric"
          value={draft.maximumEventAgeSeconds}
          onChange={(maximumEventAgeSeconds) => change({ maximumEventAgeSeconds })}
        />
        <TextField
          isOptional
          label="ARN of the dead-letter queue"
          path="Targets[0].DeadLetterConfig.Arn"
          description="A standard queue of SQS. Empty means the queue of the stack, which the page Dead letters shows."
          value={draft.deadLetterArn}
          onChange={(deadLetterArn) => change({ deadLetterArn })}
        />
      </SpaceBetween>
    </Container>
  );
}
