import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseConfig } from '../../config.ts';
import type { JsonObject, JsonValue } from '../../core/input/json.ts';
import { isJsonObject } from '../../core/input/json.ts';
import { packageFolder } from '../command.ts';

/* The template of a stage and the zips of its functions. The files of infra/ that make them are in the package, too. */

export interface FunctionZip {
  readonly name: string;
  readonly zip: Uint8Array;
}

export interface StackTemplate {
  readonly Metadata?: JsonObject;
  readonly Resources: Readonly<Record<string, JsonObject>>;
  readonly Outputs: JsonObject;
}

type ParameterValues = Readonly<Record<string, JsonValue>>;

interface StackFile {
  stackTemplate(given: {
    readonly stage: string;
    readonly parameters: ParameterValues;
    readonly codeOf: (name: string) => JsonObject;
  }): Promise<StackTemplate>;
}

interface ServiceFile {
  functionNames(): string[];
  /** The stage parameters in serverless.yml: the defaults, and those of the stage's own block. */
  stageParameters(stage: string): { readonly defaults: ParameterValues; readonly ofStage: ParameterValues };
}

interface ZipsFile {
  functionZips(names: readonly string[]): Promise<FunctionZip[]>;
  /** The key of a zip in a bucket. It contains a hash of the zip, so a new version never replaces one that a stack uses. */
  objectKey(zip: FunctionZip): string;
}

/** They are CommonJS, and load other files by their place in the package. So they are not bundled into the command. */
const require = createRequire(import.meta.url);
const stackFile = () => require(join(packageFolder, 'infra/template/stack.cjs')) as StackFile;
const serviceFile = () => require(join(packageFolder, 'infra/template/service.cjs')) as ServiceFile;
const zipsFile = () => require(join(packageFolder, 'infra/bundle/function-zips.cjs')) as ZipsFile;

export function parameterNames(): readonly string[] {
  return Object.keys(serviceFile().stageParameters('').defaults);
}

/** @throws Error for a function that cannot be built; only a checkout builds them */
export async function readFunctionZips(): Promise<readonly FunctionZip[]> {
  return await zipsFile().functionZips(serviceFile().functionNames());
}

export function objectKeyOf(zip: FunctionZip): string {
  return zipsFile().objectKey(zip);
}

/**
 * The parameters of a deployment: first the given ones, then those of the stage's block in serverless.yml, then those of the last
 * deployment. Defaults are left out.
 */
export function parametersFor(stage: string, given: ParameterValues, lastDeployment: ParameterValues): ParameterValues {
  const { defaults, ofStage } = serviceFile().stageParameters(stage);
  const known = Object.entries({ ...lastDeployment, ...ofStage, ...given }).filter(([name]) => name in defaults);
  return Object.fromEntries(known.filter(([name, value]) => String(value) !== String(defaults[name])));
}

/**
 * @param parameters those that differ from their defaults. The template's metadata keep them for the next deployment
 * @throws Error that names every bad parameter, or the variable that a function would refuse
 */
export async function templateFor(
  stage: string,
  parameters: ParameterValues,
  codeOf: (name: string) => JsonObject,
): Promise<StackTemplate> {
  const { defaults } = serviceFile().stageParameters(stage);
  const template = await stackFile().stackTemplate({ stage, parameters: { ...defaults, ...parameters }, codeOf });
  checkVariables(template);
  const texts = Object.entries(parameters).map(([name, value]) => [name, String(value)]);
  return { Metadata: { Lastmile: { parameters: Object.fromEntries(texts) } }, ...template };
}

/** Replaces a value that only CloudFormation knows. Every variable that may have such a value also accepts this text. */
const resolvedLater = 'https://resolved.invalid/later.fifo';

/** Each function would fail at its first invocation if it refused one of its variables. */
function checkVariables({ Resources }: StackTemplate): void {
  for (const { Type, Properties } of Object.values(Resources)) {
    if (Type !== 'AWS::Lambda::Function' || !isJsonObject(Properties)) continue;
    const { FunctionName, Environment } = Properties;
    const variables =
      isJsonObject(Environment) && isJsonObject(Environment['Variables']) ? Environment['Variables'] : {};
    const texts = Object.entries(variables).map(([name, value]) => [
      name,
      isJsonObject(value) ? resolvedLater : String(value),
    ]);
    try {
      parseConfig(Object.fromEntries(texts) as Record<string, string>);
    } catch (error) {
      throw new Error(`Function ${String(FunctionName)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
