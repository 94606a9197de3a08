import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { nameInArn } from '../api-destinations/destination-draft.ts';
import type { RuleTarget } from '../data/eventbridge-operations.ts';
import { useAnswer } from '../data/use-answer.ts';
import { Center } from '../parts/center.tsx';
import { JsonBlock } from '../parts/json-block.tsx';
import { Refusal } from '../parts/refusal.tsx';
import { inputKinds } from './rule-draft.ts';
import { TransformerText } from './transformer-text.tsx';

interface RuleTargetsProps {
  readonly bus: string;
  readonly name: string;
}

/** The targets of a rule, of which there are at most five. */
export function RuleTargets({ bus, name }: RuleTargetsProps) {
  const { output, error, reload } = useAnswer('ListTargetsByRule', { Rule: name, EventBusName: bus });
  const targets = output?.Targets ?? [];
  return (
    <Container header={<Header variant="h2">Targets</Header>}>
      <SpaceBetween size="l">
        <Refusal error={error} onRetry={reload} />
        {output === undefined && error === undefined && <Center isLoading />}
        {output !== undefined && targets.length === 0 && (
          <Box>The rule has no target, so the events that it matches go nowhere.</Box>
        )}
        {targets.map((target) => (
          <TargetDetails key={target.Id} target={target} />
        ))}
      </SpaceBetween>
    </Container>
  );
}

function TargetDetails({ target }: { readonly target: RuleTarget }) {
  const { Id, Arn = '', DeadLetterConfig, RetryPolicy, Input, InputPath, InputTransformer } = target;
  const isOurs = isApiDestination(Arn);
  return (
    <SpaceBetween size="s">
      <KeyValuePairs
        columns={3}
        items={[
          { label: 'Target', value: <TargetName arn={Arn} /> },
          { label: 'Id', value: Id },
          { label: 'Input', value: inputKinds[kindOf(target)] },
          { label: 'Dead-letter queue', value: DeadLetterConfig?.Arn ?? (isOurs ? "The stack's own" : '-') },
          { label: 'Maximum retry attempts', value: RetryPolicy?.MaximumRetryAttempts ?? 'Default' },
          { label: 'Maximum age of an event, seconds', value: RetryPolicy?.MaximumEventAgeInSeconds ?? 'Default' },
        ]}
      />
      {InputPath !== undefined && <JsonBlock text={InputPath} />}
      {Input !== undefined && <JsonBlock text={Input} />}
      {InputTransformer !== undefined && (
        <TransformerText
          paths={JSON.stringify(InputTransformer.InputPathsMap ?? {})}
          template={InputTransformer.InputTemplate ?? ''}
        />
      )}
    </SpaceBetween>
  );
}

function TargetName({ arn }: { readonly arn: string }) {
  if (!isApiDestination(arn)) return <>{arn}</>;
  const name = nameInArn(arn);
  return <Link href={`/api-destinations/${name}`}>{name}</Link>;
}

function isApiDestination(arn: string): boolean {
  return arn.includes(':api-destination/');
}

function kindOf({ Input, InputPath, InputTransformer }: RuleTarget): keyof typeof inputKinds {
  if (Input !== undefined) return 'constant';
  if (InputPath !== undefined) return 'path';
  return InputTransformer === undefined ? 'event' : 'transformer';
}
