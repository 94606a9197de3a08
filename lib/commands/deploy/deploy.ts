import { join, relative } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { systemClock } from '../../adapters/system-clock.ts';
import { version } from '../../core/version.ts';
import { commandLine, Exit, messageOf, packageFolder, runCommand, shellWord, wrongUsage } from '../command.ts';
import type { AwsAccount } from './aws-account.ts';
import { interruptedEarly, openAccount, whyRefused } from './aws-account.ts';
import type { DeployFlags } from './deploy-flags.ts';
import { parseDeployFlags } from './deploy-flags.ts';
import type { DeployedStack, StackOutput } from './deployed-stack.ts';
import { readDeployedStack } from './deployed-stack.ts';
import type { Result } from './deployment.ts';
import { deploy } from './deployment.ts';
import { deploymentOf } from './desired-stack.ts';
import { readFunctionZips } from './stack-files.ts';

async function main(args: readonly string[]): Promise<number> {
  const flags = parseDeployFlags(args);
  if (!flags.yes && !flags.dryRun && !process.stdin.isTTY)
    throw wrongUsage('deploy', 'There is no terminal to ask at. Add --yes to deploy without asking, or --dry-run.');
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return await deployTo(await openAccount(flags, process.env, controller.signal), flags, controller);
  } catch (error) {
    if (error instanceof Exit) throw error;
    if (controller.signal.aborted) throw interruptedEarly();
    if (error instanceof Error && '$metadata' in error) throw new Exit(1, whyRefused(error));
    throw error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

async function deployTo(account: AwsAccount, flags: DeployFlags, controller: AbortController): Promise<number> {
  const { stage } = flags;
  const stackName = `lastmile-${stage}`;
  console.log(placeOf(account, flags));
  const deployed = await readDeployedStack(
    account.cloudFormation,
    { stackName, region: account.region },
    controller.signal,
  );
  const zips = await readFunctionZips().catch((error: unknown) => {
    throw new Exit(1, messageOf(error));
  });
  const { deployment, parameters } = await deploymentOf(flags, account, deployed, zips).catch((error: unknown) => {
    throw wrongUsage('deploy', messageOf(error));
  });
  sayParameters(parameters, deployed);
  const result = await deploy(deployment, {
    cloudFormation: account.cloudFormation,
    s3: account.s3,
    clock: systemClock,
    signal: controller.signal,
    say: console.log,
    confirm: async (question) => flags.yes || (await confirmed(question, controller)),
  });
  return concluded(result, deployed, flags, account);
}

function placeOf(
  { account, region }: AwsAccount,
  { stage, endpoint = process.env['AWS_ENDPOINT_URL'] }: DeployFlags,
): string {
  const where = endpoint ? ` The calls go to ${endpoint}.` : '';
  return `Lastmile ${version} to stage ${stage}: account ${account}, region ${region}.${where}`;
}

function sayParameters(parameters: readonly string[], deployed: DeployedStack | undefined): void {
  console.log(parameters.length === 0 ? 'Every parameter has its default.' : `Parameters: ${parameters.join(' ')}`);
  if (deployed?.wasDeployedByOsls === true)
    console.log(
      'The stack was deployed by osls, which does not record its parameters. Give them once more with --param.',
    );
}

/** Ctrl-C at the question arrives here and not as a signal, because the terminal is read key by key. */
async function confirmed(question: string, controller: AbortController): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  terminal.once('SIGINT', () => controller.abort());
  try {
    const answer = await terminal.question(`${question} (y/N) `, { signal: controller.signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

function concluded(
  result: Result,
  deployed: DeployedStack | undefined,
  { stage, dryRun }: DeployFlags,
  { region }: AwsAccount,
): number {
  if (result.kind === 'not deployed') {
    console.log(
      dryRun ? '\nThis was a dry run: the stack was not changed.' : 'Not deployed. The stack was not changed.',
    );
    return dryRun ? 0 : 1;
  }
  console.log(
    result.kind === 'unchanged'
      ? '\nNothing changes: the stack runs this version with these parameters.'
      : '\nDeployed.',
  );
  const outputs = result.kind === 'unchanged' ? (deployed?.outputs ?? []) : result.outputs;
  for (const line of outputLines(outputs)) console.log(line);
  const place = `--stage ${shellWord(stage)} --region ${shellWord(region)}`;
  for (const line of deployed === undefined
    ? firstSteps(place)
    : [`\nWhat it delivers: ${commandLine('history', place)}`])
    console.log(line);
  return 0;
}

function firstSteps(place: string): readonly string[] {
  const guide = relative('.', join(packageFolder, 'docs', 'guide', 'deploy.md'));
  return [
    '\nNext, make a key of the control API, and create a connection and an API destination with it:',
    `  ${commandLine('keys', `create --api control ${place}`)}`,
    `The guide goes on from there: ${guide}`,
  ];
}

function outputLines(outputs: readonly StackOutput[]): readonly string[] {
  const width = Math.max(0, ...outputs.map(({ name }) => name.length));
  return outputs.map(({ name, value }) => `  ${name.padEnd(width)}  ${value}`);
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => main(args));
}
