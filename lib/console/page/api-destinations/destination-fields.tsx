import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { Field, TextField } from '../parts/field.tsx';
import type { DestinationDraft } from './destination-draft.ts';
import { defaultRatePerSecond, httpMethods } from './destination-draft.ts';

interface DestinationFieldsProps {
  readonly draft: DestinationDraft;
  readonly change: (changes: Partial<DestinationDraft>) => void;
  readonly isNew: boolean;
}

/** The fields of an API destination, besides its connection. */
export function DestinationFields({ draft, change, isNew }: DestinationFieldsProps) {
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">Basic information</Header>}>
        <SpaceBetween size="l">
          {isNew && (
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
        </SpaceBetween>
      </Container>
      <Container header={<Header variant="h2">API</Header>}>
        <SpaceBetween size="l">
          <TextField
            label="URL"
            path="InvocationEndpoint"
            description="Each * is a place for a path parameter of a rule's target."
            placeholder="https://api.example.com/orders"
            inputMode="url"
            value={draft.endpoint}
            onChange={(endpoint) => change({ endpoint })}
          />
          <Field label="HTTP method" path="HttpMethod">
            <Select
              selectedOption={{ value: draft.httpMethod, label: draft.httpMethod }}
              options={httpMethods.map((value) => ({ value, label: value }))}
              onChange={({ detail }) =>
                change({ httpMethod: httpMethods.find((method) => method === detail.selectedOption.value) ?? 'POST' })
              }
            />
          </Field>
          <TextField
            isOptional
            label="Invocation rate limit per second"
            path="InvocationRateLimitPerSecond"
            constraint={`The most requests in a second. Default: ${defaultRatePerSecond}.`}
            inputMode="numeric"
            value={draft.ratePerSecond}
            onChange={(ratePerSecond) => change({ ratePerSecond })}
          />
        </SpaceBetween>
      </Container>
    </SpaceBetween>
  );
}
