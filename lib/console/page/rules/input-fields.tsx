import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Textarea from '@cloudscape-design/components/textarea';
import Tiles from '@cloudscape-design/components/tiles';
import { OperationError } from '../data/call.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { useSettled } from '../data/use-settled.ts';
import { Field, FieldErrors, TextField } from '../parts/field.tsx';
import { JsonBlock } from '../parts/json-block.tsx';
import type { InputKind, RuleDraft } from './rule-draft.ts';
import { inputKinds, targetInputOf } from './rule-draft.ts';
import type { StepProps } from './rule-step.tsx';
import { SampleEventField } from './sample-event-field.tsx';

const descriptions: Readonly<Record<InputKind, string>> = {
  event: 'The body is the event as it came, or what the Transformer of the delivery policy makes of it.',
  path: 'The body is the value that a JSON path finds.',
  constant: 'Every event gets the same body.',
  transformer: 'A template with values of the event.',
};

/** What an API destination gets of an event. */
export function InputFields({ draft, change }: StepProps) {
  return (
    <Container header={<Header variant="h2">Input</Header>}>
      <SpaceBetween size="l">
        <Field label="Input of the target" path="Targets[0]">
          <Tiles
            ariaLabel="Input of the target"
            value={draft.inputKind}
            columns={4}
            items={Object.entries(inputKinds).map(([value, label]) => ({
              value,
              label,
              description: descriptions[value as InputKind],
            }))}
            onChange={({ detail }) => change({ inputKind: detail.value as InputKind })}
          />
        </Field>
        {draft.inputKind === 'path' && (
          <TextField
            label="Input path"
            path="Targets[0].InputPath"
            constraint="A JSON path, such as $.detail.customer."
            value={draft.inputPath}
            onChange={(inputPath) => change({ inputPath })}
          />
        )}
        {draft.inputKind === 'constant' && (
          <Field label="Constant" path="Targets[0].Input" constraint="A JSON text.">
            <Textarea
              rows={4}
              value={draft.constant}
              spellcheck={false}
              onChange={({ detail }) => change({ constant: detail.value })}
            />
          </Field>
        )}
        {draft.inputKind === 'transformer' && <TransformerFields draft={draft} change={change} />}
        {draft.inputKind !== 'event' && (
          <SampleEventField text={draft.sample} onText={(sample) => change({ sample })} />
        )}
        <BodyPreview draft={draft} />
      </SpaceBetween>
    </Container>
  );
}

function TransformerFields({ draft, change }: StepProps) {
  return (
    <SpaceBetween size="l">
      <Field
        label="Input paths"
        path="Targets[0].InputTransformer.InputPathsMap"
        description="A JSON object: a name for each value, and the JSON path that finds it in the event."
      >
        <Textarea
          rows={4}
          value={draft.paths}
          spellcheck={false}
          onChange={({ detail }) => change({ paths: detail.value })}
        />
      </Field>
      <Field
        label="Input template"
        path="Targets[0].InputTransformer.InputTemplate"
        description="JSON or quoted text. Each <name> stands for the value of that name."
      >
        <Textarea
          rows={5}
          value={draft.template}
          spellcheck={false}
          onChange={({ detail }) => change({ template: detail.value })}
        />
      </Field>
    </SpaceBetween>
  );
}

/** The body that the service makes from the sample event. The page has no transformer of its own. */
function BodyPreview({ draft }: { readonly draft: RuleDraft }) {
  const { region, account = '123456789012' } = useStack();
  const settled = useSettled(draft);
  const target = inputOrError(settled);
  const bus = settled.eventBusName === 'default' ? '' : `${settled.eventBusName}/`;
  const RuleArn = `arn:aws:events:${region}:${account}:rule/${bus}${settled.name}`;
  const input = target instanceof OperationError ? undefined : { Event: settled.sample, Target: target, RuleArn };
  const answer = useAnswer('PreviewBody', input);
  const error = target instanceof OperationError ? target : answer.error;
  return (
    <FieldErrors error={error}>
      <FormField label="Body of the request" description="Made by the service from the event to try.">
        <div role="status">
          {error !== undefined && <StatusIndicator type="error">{error.message}</StatusIndicator>}
          {error === undefined && answer.output !== undefined && <JsonBlock text={answer.output.Body} />}
        </div>
      </FormField>
    </FieldErrors>
  );
}

function inputOrError(draft: RuleDraft): ReturnType<typeof targetInputOf> | OperationError {
  try {
    return targetInputOf(draft);
  } catch (error) {
    if (error instanceof OperationError) return error;
    throw error;
  }
}
