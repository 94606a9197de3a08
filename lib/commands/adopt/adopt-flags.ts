import type { AwsClientConfig } from '../../adapters/aws/clients.ts';
import { commandLine, Exit, parseCommandLine, wrongUsage } from '../command.ts';
import type { StackAddress } from '../stack-address.ts';
import { localCredentials, stackAddress, stackFlags, stackUsage } from '../stack-address.ts';

const command = 'adopt';

const usage = `Moves rules of EventBridge from its API destinations to those of Lastmile. It deletes nothing in EventBridge.

  ${commandLine(command, '[--plan | --apply | --undo] [options]')}

  --plan                  only say what would be done (default)
  --apply                 create the connections and API destinations in the stack, then replace the targets of the rules
  --undo                  give the rules the targets that they had
  --rule <rule>           only this rule (name, or bus/name) and what it needs; may be given several times
  --shadow <endpoint>     leave the targets, and add others that send the same requests to this endpoint, without credentials
  --copy-secrets          copy the credentials out of EventBridge's secrets; else a connection policy names the secret by its ARN
  --format <format>       print the plan as text, json, cloudformation or terraform (default: text)
  --json                  the same as --format json
  --state <file>          where --apply keeps the targets for --undo (default: lastmile-adopt-<account>-<region>.json)
  --eventbridge-url <url> address of EventBridge and Secrets Manager (default: AWS; for stage local the stack itself)
  ${stackUsage}

It uses the AWS credentials of the environment. --apply and --undo may be repeated: they do what is left.
Exit status: 0 done, 1 something failed or could not be restored, 2 wrong usage. A rule that cannot be moved is not a failure.`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const flags = {
  ...stackFlags,
  plan: flag,
  apply: flag,
  undo: flag,
  rule: { type: 'string', multiple: true },
  shadow: text,
  'copy-secrets': flag,
  format: text,
  json: flag,
  state: text,
  'eventbridge-url': text,
} as const;

const formats = ['text', 'json', 'cloudformation', 'terraform'] as const;
export type Format = (typeof formats)[number];

export interface AdoptFlags {
  readonly mode: 'plan' | 'apply' | 'undo';
  readonly rules: readonly string[];
  readonly shadow?: string;
  readonly copySecrets: boolean;
  readonly format: Format;
  readonly stateFile?: string;
  /** Where EventBridge is. */
  readonly from: AwsClientConfig;
  /** Where the stack of Lastmile is. */
  readonly address: StackAddress;
}

/** @throws Exit 2 that names the wrong flag, or Exit 0 with the usage */
export function parseAdoptFlags(args: readonly string[]): AdoptFlags {
  const { values } = parseCommandLine(command, args, flags);
  if (values.help === true) throw new Exit(0, usage);
  const modes = (['plan', 'apply', 'undo'] as const).filter((mode) => values[mode] === true);
  if (modes.length > 1) throw wrongUsage(command, `Choose one of ${modes.map((mode) => `--${mode}`).join(' and ')}.`);
  const {
    shadow,
    state,
    format = values.json === true ? 'json' : 'text',
    'copy-secrets': copySecrets = false,
  } = values;
  const isKnown = (name: string): name is Format => formats.some((known) => known === name);
  if (!isKnown(format)) throw wrongUsage(command, `--format must be one of ${formats.join(', ')}; it is '${format}'.`);
  const [mode = 'plan'] = modes;
  if (mode !== 'plan' && format !== 'text') throw wrongUsage(command, `Only --plan has a format. Remove it.`);
  if (shadow !== undefined && !/^https?:\/\/[^/?#@]+(\/[^?#]*)?$/.test(shadow))
    throw wrongUsage(command, '--shadow must be a URL without a query, such as https://shadow.example.com.');
  if (shadow !== undefined && copySecrets)
    throw wrongUsage(command, 'Requests to a shadow endpoint have no credentials. Remove --copy-secrets.');
  if (copySecrets && (format === 'cloudformation' || format === 'terraform'))
    throw wrongUsage(command, `The ${format} version names secrets by their ARN. Remove --copy-secrets.`);
  const address = stackAddress(values);
  const endpoint = values['eventbridge-url'] || address.aws.endpoint;
  return {
    mode,
    rules: values.rule ?? [],
    copySecrets,
    format,
    address,
    from: {
      ...(address.aws.region !== undefined && { region: address.aws.region }),
      ...(endpoint !== undefined && { endpoint }),
      ...(address.stage === 'local' && { credentials: localCredentials(endpoint, process.env) }),
    },
    ...(shadow !== undefined && { shadow }),
    ...(state !== undefined && { stateFile: state }),
  };
}
