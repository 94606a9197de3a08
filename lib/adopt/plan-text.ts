import type { ConnectionStep, DestinationStep, Plan, RuleStep, TargetStep } from './plan-steps.ts';

/** The plan for a person who reviews it. */
export function planText(plan: Plan): string {
  const { account, region, stage, shadow, connections, destinations, rules } = plan;
  const sections = [
    [`Plan for the stack lastmile-${stage}, account ${account}, region ${region}.`],
    requirementLines(plan),
    titled('Connections', connections.map(connectionLine)),
    titled('API destinations', destinations.map(destinationLine)),
    titled('Rules', rules.flatMap(ruleLines)),
    [
      summary(plan),
      shadow === undefined
        ? 'Connections and API destinations of EventBridge stay as they are. --undo gives the rules their targets back.'
        : `The existing targets stay. ${shadow} gets the same requests without credentials.`,
    ],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** The number of steps of each kind. */
export function summary({ connections, destinations, rules }: Plan): string {
  const targets = rules.flatMap((rule) => rule.targets);
  const steps = [...connections, ...destinations, ...targets].map(({ action }) => action);
  const count = (...actions: readonly string[]) => steps.filter((action) => actions.includes(action)).length;
  const changes = count('create', 'finish', 'replace', 'add', 'remove');
  return `${changes} to do, ${count('present')} done already, ${count('leave')} that cannot be moved.`;
}

function requirementLines({ requirements, stage }: Plan): readonly string[] {
  const { secretArns, keyArns, deadLetterQueueArns } = requirements;
  const lists = Object.entries({ secretArns, keyArns, deadLetterQueueArns }).filter(([, arns]) => arns.length > 0);
  if (lists.length === 0 || stage === 'local') return [];
  return [
    'First add these to the parameters of the stage, and deploy it:',
    ...lists.map(([name, arns]) => `  ${name}: ${arns.join(',')}`),
  ];
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines];
}

function line(action: string, text: string): string {
  return `  ${action.padEnd(8)} ${text}`;
}

function connectionLine(step: ConnectionStep): string {
  if (step.action === 'leave') return line('leave', `${step.name}: ${step.reason}`);
  const { action, name, authorizationType, credentials, secretArn } = step;
  if (action === 'present') return line(action, `${name}  ${authorizationType}`);
  const from = {
    copied: `credentials copied from ${secretArn}`,
    'named by ARN': `its policy names ${secretArn}`,
    none: 'without credentials',
  }[credentials];
  return line(action, `${name}  ${authorizationType}  ${from}`);
}

function destinationLine(step: DestinationStep): string {
  if (step.action === 'leave') return line('leave', `${step.name}: ${step.reason}`);
  const { HttpMethod, InvocationEndpoint, InvocationRateLimitPerSecond: rate } = step.input;
  const limit = rate === undefined ? '' : `  ${String(rate)}/s`;
  const endpoint = withoutQuery(String(InvocationEndpoint));
  return line(step.action, `${step.name}  ${String(HttpMethod)} ${endpoint}${limit}  connection ${step.connection}`);
}

/** Some endpoints take a key in the query. */
function withoutQuery(endpoint: string): string {
  return endpoint.replace(/\?.*$/s, '?...');
}

function ruleLines({ eventBusName, rule, targets }: RuleStep): readonly string[] {
  return [`  ${eventBusName}/${rule}`, ...targets.map(targetLine)];
}

function targetLine(step: TargetStep): string {
  const what = `    ${step.action.padEnd(8)} target ${step.id}`;
  if (step.action === 'leave') return `${what}: ${step.reason}`;
  const to = `${what}  to API destination ${step.apiDestination}`;
  if (step.action !== 'replace') return to;
  const kept = settings.filter((name) => step.before[name] !== undefined);
  return kept.length === 0 ? to : `${to}, with its ${kept.join(', ')}`;
}

const settings = ['Input', 'InputPath', 'InputTransformer', 'HttpParameters', 'RetryPolicy', 'DeadLetterConfig'];
