import { didYouMean } from '../../core/input/did-you-mean.ts';
import { commandLine, Exit, helpFlag, parseCommandLine, wrongUsage } from '../command.ts';
import { parameterNames } from './stack-files.ts';

const command = 'deploy';

/** A function's name has at most 64 characters. The longest one is lastmile-<stage>-authorize-connection. */
const stageForm = /^[a-z][a-z0-9-]{0,31}$/;

const usage = `Deploys the stack of a stage: creates the CloudFormation stack lastmile-<stage>, or updates it.

  ${commandLine(command, '--stage prod [options]')}

  --stage <stage>         stage of the stack, for example prod
  --param <name=value>    parameter of the stage; may be given several times. A parameter that is not given keeps the value
                          of the last deployment, and name= takes its value away
  --region <region>       region (default: AWS_REGION, AWS_DEFAULT_REGION or that of the profile)
  --yes                   deploy without asking
  --dry-run               show what would change, and change nothing but the code bucket
  --allow-data-replacement
                          deploy even if a table, queue, bucket or secret would be replaced or removed
  --bucket <name>         S3 bucket for the code (default: lastmile-<account>-<region>, made when it does not exist)
  --endpoint-url <url>    address of AWS (default: AWS_ENDPOINT_URL or AWS itself)
  --help                  show this text

The credentials are those of the AWS CLI: variables, profile (AWS_PROFILE), single sign-on or role. The
package contains the built functions; a checkout builds them first. The guide, docs/guide/deploy.md, explains the parameters.
Exit status: 0 deployed or nothing to change, 1 failed or refused, 2 wrong usage, 130 stopped with Ctrl-C.`;

const text = { type: 'string' } as const;
const yes = { type: 'boolean' } as const;
const flags = {
  stage: text,
  param: { type: 'string', multiple: true },
  region: text,
  yes,
  'dry-run': yes,
  'allow-data-replacement': yes,
  bucket: text,
  'endpoint-url': text,
  ...helpFlag,
} as const;

export interface DeployFlags {
  readonly stage: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly bucket: string | undefined;
  /** Deploy without asking. */
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly allowDataReplacement: boolean;
}

/** @throws Exit 2 that names the wrong flag; Exit 0 with the usage */
export function parseDeployFlags(args: readonly string[]): DeployFlags {
  const { values } = parseCommandLine(command, args, flags);
  if (values.help === true) throw new Exit(0, usage);
  const endpoint = values['endpoint-url'];
  if (endpoint !== undefined && !/^https?:\/\/./.test(endpoint))
    throw wrongUsage(command, `--endpoint-url must be an address such as http://127.0.0.1:5000; it is '${endpoint}'.`);
  return {
    stage: stageIn(values.stage),
    parameters: Object.fromEntries((values.param ?? []).map(parameterIn)),
    region: values.region,
    endpoint,
    bucket: values.bucket,
    yes: values.yes === true,
    dryRun: values['dry-run'] === true,
    allowDataReplacement: values['allow-data-replacement'] === true,
  };
}

function stageIn(stage: string | undefined): string {
  if (stage === undefined) throw wrongUsage(command, 'Name the stage: --stage prod.');
  if (stage === 'local')
    throw wrongUsage(
      command,
      `Stage local runs on this machine: ${commandLine('start')}. Name another stage: --stage prod.`,
    );
  if (stageForm.test(stage)) return stage;
  const form = 'at most 32 lower-case letters, digits and hyphens, and begin with a letter';
  throw wrongUsage(command, `--stage must be ${form}; it is '${stage}'.`);
}

function parameterIn(given: string): [string, string] {
  const [, name, value] = /^(\w+)=(.*)$/s.exec(given) ?? [];
  if (name === undefined || value === undefined)
    throw wrongUsage(command, `--param must be a name and a value, such as maximumConcurrency=7; it is '${given}'.`);
  const names = parameterNames();
  if (names.includes(name)) return [name, value];
  const others = didYouMean(name, names) ?? `There are ${names.join(', ')}.`;
  throw wrongUsage(command, `There is no parameter ${name}. ${others}`);
}
