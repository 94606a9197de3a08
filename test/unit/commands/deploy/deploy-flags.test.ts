import { expect, test } from 'vitest';
import { Exit } from '../../../../lib/commands/command.ts';
import { parseDeployFlags } from '../../../../lib/commands/deploy/deploy-flags.ts';

/** The refusal of these arguments. */
function refusalOf(...args: readonly string[]): unknown {
  try {
    return parseDeployFlags(args);
  } catch (error) {
    return error;
  }
}

test('lastmile deploy takes every flag', () => {
  const args = '--stage prod --param maximumConcurrency=7 --param alarmTopicArn= --region eu-central-1 --yes --dry-run';
  const more = '--allow-data-replacement --bucket code --endpoint-url http://127.0.0.1:5000';
  expect(parseDeployFlags(`${args} ${more}`.split(' '))).toEqual({
    stage: 'prod',
    parameters: { maximumConcurrency: '7', alarmTopicArn: '' },
    region: 'eu-central-1',
    endpoint: 'http://127.0.0.1:5000',
    bucket: 'code',
    yes: true,
    dryRun: true,
    allowDataReplacement: true,
  });
});

test.each([
  ['no stage', [], 'Name the stage: --stage prod.'],
  ['the stage of this machine', ['--stage', 'local'], 'Stage local runs on this machine: npm start.'],
  [
    'a stage with capitals',
    ['--stage', 'Prod'],
    "--stage must be at most 32 lower-case letters, digits and hyphens, and begin with a letter; it is 'Prod'.",
  ],
  ['a stage of 33 letters', ['--stage', 'a'.repeat(33)], '--stage must be at most 32'],
  [
    'a parameter without a value',
    ['--stage', 'prod', '--param', 'alarms'],
    "--param must be a name and a value, such as maximumConcurrency=7; it is 'alarms'.",
  ],
  [
    'a parameter with a wrong name',
    ['--stage', 'prod', '--param', 'alarmTopic=x'],
    'There is no parameter alarmTopic. Did you mean alarmTopicArn?',
  ],
  [
    'a parameter that resembles no other',
    ['--stage', 'prod', '--param', 'colour=x'],
    'There is no parameter colour. There are kmsKeyArn, ',
  ],
  [
    'an address without http',
    ['--stage', 'prod', '--endpoint-url', 'localhost:5000'],
    "--endpoint-url must be an address such as http://127.0.0.1:5000; it is 'localhost:5000'.",
  ],
  ['an unknown flag', ['--stag', 'prod'], "Unknown option '--stag'."],
])('lastmile deploy refuses %s in words that name it', (_what, args, text) => {
  const refusal = refusalOf(...args);
  expect(refusal).toBeInstanceOf(Exit);
  expect(refusal).toMatchObject({ status: 2, message: expect.stringContaining(text) });
  expect(refusal).toMatchObject({ message: expect.stringMatching(/ See npm run deploy -- --help\.$/) });
});
