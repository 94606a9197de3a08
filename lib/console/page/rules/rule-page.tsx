import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { OperationError } from '../data/call.ts';
import { operationErrorOf } from '../data/call.ts';
import type { RuleDetails } from '../data/eventbridge-operations.ts';
import { useStack } from '../data/settings.tsx';
import { useAnswer } from '../data/use-answer.ts';
import { Center } from '../parts/center.tsx';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { Copyable } from '../parts/copyable.tsx';
import { JsonBlock } from '../parts/json-block.tsx';
import { Refusal } from '../parts/refusal.tsx';
import { State } from '../parts/state.tsx';
import { useSay } from '../shell/notices.tsx';
import type { PageProps } from '../parts/page-props.ts';
import { navigate } from '../shell/router.ts';
import { RuleTargets } from './rule-targets.tsx';

export function RulePage({ params: { bus = 'default', name = '' } }: PageProps) {
  const { output: rule, error, reload } = useAnswer('DescribeRule', { Name: name, EventBusName: bus });
  if (rule === undefined) return error ? <Refusal error={error} onRetry={reload} /> : <Center isLoading />;
  return (
    <SpaceBetween size="l">
      <RuleHeader rule={rule} bus={bus} name={name} reload={reload} />
      <Refusal error={error} onRetry={reload} />
      <Container header={<Header variant="h2">Rule</Header>}>
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'State', value: <State state={rule.State} /> },
            { label: 'Event bus', value: bus },
            { label: 'Description', value: rule.Description ?? '-' },
            { label: 'ARN', value: <Copyable text={rule.Arn ?? ''} what="the ARN" /> },
            ...(rule.ScheduleExpression === undefined
              ? []
              : [{ label: 'Schedule', value: <Box variant="code">{rule.ScheduleExpression}</Box> }]),
          ]}
        />
      </Container>
      {rule.EventPattern !== undefined && (
        <Container header={<Header variant="h2">Event pattern</Header>}>
          <JsonBlock text={rule.EventPattern} />
        </Container>
      )}
      <RuleTargets bus={bus} name={name} />
    </SpaceBetween>
  );
}

interface RuleHeaderProps {
  readonly rule: RuleDetails;
  readonly bus: string;
  readonly name: string;
  readonly reload: () => void;
}

function RuleHeader({ rule, bus, name, reload }: RuleHeaderProps) {
  const { call, door, isReadOnly } = useStack();
  const say = useSay();
  const [isDeleting, setIsDeleting] = useState(false);
  const [isWorking, setIsWorking] = useState(false);
  const [failure, setFailure] = useState<OperationError>();
  const isDisabled = rule.State === 'DISABLED';
  const readOnly = { disabled: isReadOnly, disabledReason: 'This console is read-only.' };

  const changeState = async (): Promise<void> => {
    setIsWorking(true);
    setFailure(undefined);
    try {
      await call(isDisabled ? 'EnableRule' : 'DisableRule', { Name: name, EventBusName: bus });
      say(`Rule ${name} was ${isDisabled ? 'enabled' : 'disabled'}.`);
      reload();
    } catch (thrown) {
      setFailure(operationErrorOf(thrown));
    } finally {
      setIsWorking(false);
    }
  };

  return (
    <SpaceBetween size="s">
      <Header
        variant="h1"
        description={door === 'stage' ? 'The console only shows the rules of a deployed stack.' : undefined}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="refresh" ariaLabel="Reload the rule" onClick={reload} />
            {door === 'local' && (
              <SpaceBetween direction="horizontal" size="xs">
                <Button {...readOnly} loading={isWorking} onClick={() => void changeState()}>
                  {isDisabled ? 'Enable' : 'Disable'}
                </Button>
                <Button {...readOnly} onClick={() => setIsDeleting(true)}>
                  Delete
                </Button>
              </SpaceBetween>
            )}
          </SpaceBetween>
        }
      >
        {name}
      </Header>
      <Refusal error={failure} />
      {isDeleting && <DeleteDialog bus={bus} name={name} onDismiss={() => setIsDeleting(false)} />}
    </SpaceBetween>
  );
}

interface DeleteDialogProps {
  readonly bus: string;
  readonly name: string;
  readonly onDismiss: () => void;
}

function DeleteDialog({ bus, name, onDismiss }: DeleteDialogProps) {
  const { call } = useStack();
  const say = useSay();

  /** EventBridge deletes only rules without targets. */
  const deleteRule = async (): Promise<void> => {
    const { Targets = [] } = await call('ListTargetsByRule', { Rule: name, EventBusName: bus });
    const Ids = Targets.map(({ Id = '' }) => Id);
    if (Ids.length > 0) await call('RemoveTargets', { Rule: name, EventBusName: bus, Ids });
    await call('DeleteRule', { Name: name, EventBusName: bus });
    say(`Rule ${name} was deleted.`);
    navigate(`/rules?bus=${encodeURIComponent(bus)}`);
  };

  return (
    <ConfirmDialog title={`Delete ${name}?`} confirmText="Delete" onDismiss={onDismiss} onConfirm={deleteRule}>
      <Box>
        The rule and its targets are deleted. Its API destinations stay. Events that were already matched are still
        delivered.
      </Box>
    </ConfirmDialog>
  );
}
