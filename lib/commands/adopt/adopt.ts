import { existsSync } from 'node:fs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { systemClock } from '../../adapters/system-clock.ts';
import { cloudFormationOf } from '../../adopt/cloudformation.ts';
import type { EventBridgeState } from '../../adopt/descriptions.ts';
import { emptyLastmile } from '../../adopt/descriptions.ts';
import { createRuleTargets, readEventBridge } from '../../adopt/eventbridge.ts';
import type { PlanOptions } from '../../adopt/plan.ts';
import { makePlan, UnknownRule } from '../../adopt/plan.ts';
import type { Plan } from '../../adopt/plan-steps.ts';
import { planText } from '../../adopt/plan-text.ts';
import type { Progress } from '../../adopt/progress.ts';
import { UnreadableState } from '../../adopt/restore-points.ts';
import type { AdoptPorts } from '../../adopt/runs.ts';
import { readStack, runApply, runUndo } from '../../adopt/runs.ts';
import { terraformOf } from '../../adopt/terraform.ts';
import { Exit, messageOf, runCommand, sentence } from '../command.ts';
import { callControlApi } from '../function-call.ts';
import type { AdoptFlags, Format } from './adopt-flags.ts';
import { parseAdoptFlags } from './adopt-flags.ts';

async function main(args: string[]): Promise<number> {
  const options = parseAdoptFlags(args);
  const { from, address, mode, rules } = options;
  const client = new EventBridgeClient({ ...from, maxAttempts: 8 });
  const secrets = new SecretsManagerClient(from);
  const ports: AdoptPorts = {
    controlApi: (operation, input) => callControlApi(operation, input, address),
    ruleTargets: createRuleTargets(client),
    readSecret: async (SecretId) => (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '',
    clock: systemClock,
    say: console.log,
  };
  const source = await readEventBridge(client).catch((error: unknown) => {
    throw new Exit(1, `Cannot read EventBridge at ${from.endpoint ?? 'AWS'}: ${sentence(messageOf(error))}`);
  });
  const statePath = options.stateFile ?? `lastmile-adopt-${source.account}-${source.region}.json`;
  try {
    if (mode === 'plan') return await plan(options, ports, source);
    if (mode === 'apply') {
      const show = (planned: Plan) => console.log(`${planText(planned)}\n`);
      const progress = await runApply(ports, source, { ...planOptions(options), statePath, show });
      const kept = existsSync(statePath)
        ? `${statePath} has the former targets, for --undo.`
        : 'No target was changed.';
      return concluded(progress, kept, mode);
    }
    const progress = await runUndo(ports, source, { statePath, rules });
    return concluded(progress, 'Lastmile keeps its connections and API destinations.', mode);
  } catch (error) {
    if (error instanceof UnknownRule) throw new Exit(1, `${error.message} Give its name, or bus/name.`);
    if (!(error instanceof UnreadableState)) throw error;
    throw new Exit(1, `Cannot use the file ${statePath}. ${error.message} Name another one with --state.`);
  }
}

/** A plan can be made before there is a stack. */
async function plan(options: AdoptFlags, ports: AdoptPorts, source: EventBridgeState): Promise<number> {
  const lastmile = await readStack(ports, source).catch((error: unknown) => {
    if (!(error instanceof Exit)) throw error;
    console.error(`${error.message}\nThe plan is made for an empty stack.\n`);
    return emptyLastmile;
  });
  console.log(printed(options.format, makePlan(source, lastmile, planOptions(options)), source));
  return 0;
}

function planOptions({ address, rules, copySecrets, shadow }: AdoptFlags): PlanOptions {
  return { stage: address.stage, rules, copySecrets, ...(shadow !== undefined && { shadow }) };
}

function printed(format: Format, planned: Plan, source: EventBridgeState): string {
  if (format === 'text') return planText(planned);
  const values = {
    json: () => planned,
    cloudformation: () => cloudFormationOf(planned),
    terraform: () => terraformOf(planned, source),
  };
  return JSON.stringify(values[format](), undefined, 2);
}

function concluded({ done, failed, skipped }: Progress, what: string, mode: string): number {
  const isComplete = failed + skipped === 0;
  console.log(`\n${done} done, ${failed} failed, ${skipped} not done. ${what}`);
  if (!isComplete) console.log(`Remove the cause, then run --${mode} again: it does what is left.`);
  return isComplete ? 0 : 1;
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
