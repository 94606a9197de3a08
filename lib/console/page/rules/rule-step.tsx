import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { Field, TextField } from '../parts/field.tsx';
import type { RuleDraft } from './rule-draft.ts';
import { BusSelect } from './bus-select.tsx';

export interface StepProps {
  readonly draft: RuleDraft;
  readonly change: (changes: Partial<RuleDraft>) => void;
}

/** The name of the rule, and the event bus whose events it chooses from. */
export function RuleStep({ draft, change }: StepProps) {
  return (
    <Container header={<Header variant="h2">Basic information</Header>}>
      <SpaceBetween size="l">
        <TextField
          label="Name"
          path="Name"
          constraint="Letters, digits, dots, hyphens and underscores; at most 64."
          value={draft.name}
          onChange={(name) => change({ name })}
        />
        <TextField
          isOptional
          label="Description"
          path="Description"
          value={draft.description}
          onChange={(description) => change({ description })}
        />
        <Field label="Event bus" path="EventBusName">
          <BusSelect bus={draft.eventBusName} onBus={(eventBusName) => change({ eventBusName })} />
        </Field>
        <Field label="State" path="State">
          <Checkbox checked={draft.isEnabled} onChange={({ detail }) => change({ isEnabled: detail.checked })}>
            Enable the rule
          </Checkbox>
        </Field>
      </SpaceBetween>
    </Container>
  );
}
