import type { CodeBucket } from './code-bucket.ts';
import type { DeployedStack } from './deployed-stack.ts';
import { withPartsOfOsls } from './deployed-stack.ts';
import type { Deployment } from './deployment.ts';
import type { FunctionZip } from './stack-files.ts';
import { objectKeyOf, parametersFor, templateFor } from './stack-files.ts';

interface Desired {
  readonly stage: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** The name of the code bucket. */
  readonly bucket: string | undefined;
  readonly dryRun: boolean;
  readonly allowDataReplacement: boolean;
}

/**
 * @returns the deployment, and the parameters that differ from their defaults
 * @throws Error that names every bad parameter
 */
export async function deploymentOf(
  desired: Desired,
  place: Omit<CodeBucket, 'name'>,
  deployed: DeployedStack | undefined,
  zips: readonly FunctionZip[],
): Promise<{ readonly deployment: Deployment; readonly parameters: readonly string[] }> {
  const { stage, dryRun, allowDataReplacement } = desired;
  const bucket = { ...place, name: desired.bucket ?? `lastmile-${place.account}-${place.region}` };
  const keys = new Map(zips.map((zip) => [zip.name, objectKeyOf(zip)]));
  const codeOf = (name: string) => ({ S3Bucket: bucket.name, S3Key: keys.get(name) ?? name });
  const parameters = parametersFor(stage, desired.parameters, deployed?.parameters ?? {});
  const template = await templateFor(stage, parameters, codeOf);
  const deployment: Deployment = {
    stage,
    stackName: `lastmile-${stage}`,
    bucket,
    template: deployed === undefined ? template : withPartsOfOsls(template, deployed.template),
    code: zips.map(({ name, zip }) => ({ key: keys.get(name) ?? name, body: zip, contentType: 'application/zip' })),
    isNew: deployed === undefined,
    dryRun,
    allowDataReplacement,
  };
  return { deployment, parameters: Object.entries(parameters).map(([name, value]) => `${name}=${String(value)}`) };
}
