import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import type { IConstruct } from 'constructs';
import { Construct } from 'constructs';
import type { StageParameters } from './stack-template.ts';
import { functionsIn, packagedCode, stackTemplate, withFileOf, zipIn } from './stack-template.ts';

/** The stack of Lastmile, as seen from the stack that declares rules and API destinations. */
export interface ILastmile extends IConstruct {
  /** The function `deliver`, a target of rules. */
  readonly deliverFunctionArn: string;
  readonly deliverFunctionName: string;
  /** The delivery queue, a target of rules. */
  readonly deliveryQueueArn: string;
  /** The ordered queue, a FIFO queue and a target of rules. Only a stage with the parameter `orderedDeliveries` has it. */
  readonly orderedDeliveryQueueArn: string;
  /** The function that creates connections, API destinations and policies for CloudFormation. */
  readonly resourcesFunctionArn: string;
}

export interface LastmileReference {
  /** The stage that was deployed, for example `prod`. */
  readonly stage: string;
  /** Default: the account of this CDK stack. */
  readonly account?: string;
  /** Default: the region of this CDK stack. */
  readonly region?: string;
}

export interface LastmileProps {
  /** A part of the names of functions, queues and table, for example `prod`. */
  readonly stage: string;
  /** Stage parameters, as those of `lastmile deploy --param`. Default: those of the stage in serverless.yml. */
  readonly parameters?: StageParameters;
  /** The folder with the zip of each function, for example one that `lastmile package` has written. Default: the zips of the package. */
  readonly codeFolder?: string;
}

/** A stack of Lastmile by the names of its functions and queues, which depend only on the stage. */
class LastmileOfStage extends Construct implements ILastmile {
  readonly deliverFunctionArn: string;
  readonly deliverFunctionName: string;
  readonly deliveryQueueArn: string;
  readonly orderedDeliveryQueueArn: string;
  readonly resourcesFunctionArn: string;

  /** @throws Error when the stage is not one that can be deployed */
  constructor(scope: Construct, id: string, { stage, account, region }: LastmileReference) {
    super(scope, id);
    if (!Token.isUnresolved(stage) && !/^[a-z][a-z0-9-]{0,31}$/.test(stage)) {
      throw new Error(
        `stage must be 1 to 32 lower-case letters, digits and hyphens, beginning with a letter; it is '${stage}'.`,
      );
    }
    const place = { ...(account !== undefined && { account }), ...(region !== undefined && { region }) };
    const functionArn = (name: string): string =>
      Stack.of(this).formatArn({
        service: 'lambda',
        resource: 'function',
        resourceName: `lastmile-${stage}-${name}`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        ...place,
      });
    this.deliverFunctionName = `lastmile-${stage}-deliver`;
    this.deliverFunctionArn = functionArn('deliver');
    this.resourcesFunctionArn = functionArn('resources');
    const queueArn = (name: string): string =>
      Stack.of(this).formatArn({ service: 'sqs', resource: `lastmile-${stage}-${name}`, ...place });
    this.deliveryQueueArn = queueArn('deliveries');
    this.orderedDeliveryQueueArn = queueArn('ordered-deliveries.fifo');
  }
}

/**
 * Everything that `lastmile deploy` deploys, with the same names, as a part of a CDK stack. Constructs that name it are deployed after its
 * resources. `Lastmile.fromStage` is a reference to a stack that is deployed already.
 */
export class Lastmile extends LastmileOfStage {
  /** @throws Error when the stage is not one that can be deployed */
  static fromStage(scope: Construct, id: string, reference: LastmileReference): ILastmile {
    return new LastmileOfStage(scope, id, reference);
  }

  /** @throws Error when the stage or a parameter is wrong, or when a zip is missing */
  constructor(scope: Construct, id: string, { stage, parameters = {}, codeFolder = packagedCode }: LastmileProps) {
    super(scope, id, { stage });
    const template = stackTemplate(stage, parameters);
    const included = withFileOf(template, (templateFile) => new CfnInclude(this, 'Template', { templateFile }));
    for (const [logicalId, name] of functionsIn(template)) {
      const asset = new Asset(this, `${logicalId}Code`, { path: zipIn(codeFolder, name) });
      const lambda = included.getResource(logicalId) as CfnFunction;
      lambda.code = { s3Bucket: asset.s3BucketName, s3Key: asset.s3ObjectKey };
    }
  }
}
