import Wizard from '@cloudscape-design/components/wizard';
import { useState } from 'react';
import { useNewDestination } from '../api-destinations/new-destination.tsx';
import { OperationError, operationErrorOf } from '../data/call.ts';
import { useStack } from '../data/settings.tsx';
import { Center } from '../parts/center.tsx';
import { FieldErrors, FieldsOf } from '../parts/field.tsx';
import { useSay } from '../shell/notices.tsx';
import { navigate } from '../shell/router.ts';
import { PatternStep } from './pattern-step.tsx';
import { ReviewStep } from './review-step.tsx';
import type { RuleDraft } from './rule-draft.ts';
import { checkTarget, emptyRule, putRuleInput, putTargetsInput, stepOf } from './rule-draft.ts';
import { ruleHref } from './rule-href.ts';
import { RuleStep } from './rule-step.tsx';
import { firstSample } from './sample-events.ts';
import { TargetStep } from './target-step.tsx';

export function CreateRulePage() {
  const { door, isReadOnly } = useStack();
  if (door === 'stage')
    return <Center>The console only shows the rules of a deployed stack. Declare a new one in a template.</Center>;
  return isReadOnly ? <Center>This console is read-only.</Center> : <RuleWizard />;
}

function RuleWizard() {
  const { call } = useStack();
  const say = useSay();
  const [step, setStep] = useState(0);
  const [draft, setDraft] = useState(() => emptyRule(firstSample));
  const [isNewDestination, setIsNewDestination] = useState(false);
  const destination = useNewDestination('');
  const [isSaving, setIsSaving] = useState(false);
  const [error, setError] = useState<OperationError>();
  const change = (changes: Partial<RuleDraft>): void => setDraft((before) => ({ ...before, ...changes }));

  /** PutRule would replace a rule that has this name. What else is wrong with the name, PutRule says. */
  const refuseTakenName = async (): Promise<void> => {
    const name = { Name: draft.name, EventBusName: draft.eventBusName };
    const existing = await call('DescribeRule', name).catch(() => undefined);
    if (existing === undefined) return;
    const message = `Rule '${draft.name}' already exists on this event bus. Choose another name, or delete that rule first.`;
    throw new OperationError('ResourceAlreadyExistsException', message, 'PutRule');
  };

  /** A rule whose target is refused is deleted again. An API destination that was made stays, and is then an existing one. */
  const save = async (): Promise<void> => {
    checkTarget(draft, isNewDestination);
    await refuseTakenName();
    let { destinationArn } = draft;
    if (isNewDestination) {
      destinationArn = await destination.save();
      change({ destinationArn });
      setIsNewDestination(false);
    }
    await call('PutRule', putRuleInput(draft));
    await call('PutTargets', putTargetsInput(draft, destinationArn)).catch(async (refused: unknown) => {
      await call('DeleteRule', { Name: draft.name, EventBusName: draft.eventBusName }).catch(() => undefined);
      throw refused;
    });
    say(`Rule ${draft.name} was created.`);
    navigate(ruleHref(draft.eventBusName, draft.name));
  };

  const submit = async (): Promise<void> => {
    setIsSaving(true);
    setError(undefined);
    try {
      await save();
    } catch (thrown) {
      const refused = operationErrorOf(thrown);
      setError(refused);
      setStep(stepOf(refused));
    } finally {
      setIsSaving(false);
    }
  };

  const errorText = error === undefined ? undefined : `${error.code}: ${error.message}`;
  const target = { draft, change, destination, isNewDestination, setIsNewDestination };
  return (
    <FieldErrors error={error}>
      <Wizard
        activeStepIndex={step}
        onNavigate={({ detail }) => setStep(detail.requestedStepIndex)}
        onCancel={() => navigate('/rules')}
        onSubmit={() => void submit()}
        isLoadingNextStep={isSaving}
        submitButtonText="Create rule"
        steps={[
          {
            title: 'Name and event bus',
            errorText,
            content: (
              <FieldsOf operation="PutRule">
                <RuleStep draft={draft} change={change} />
              </FieldsOf>
            ),
          },
          {
            title: 'Event pattern',
            errorText,
            content: (
              <FieldsOf operation="PutRule">
                <PatternStep draft={draft} change={change} />
              </FieldsOf>
            ),
          },
          { title: 'Target', errorText, content: <TargetStep {...target} /> },
          {
            title: 'Review and create',
            errorText,
            content: (
              <ReviewStep draft={draft} destination={destination} isNewDestination={isNewDestination} goTo={setStep} />
            ),
          },
        ]}
      />
    </FieldErrors>
  );
}
