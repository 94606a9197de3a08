import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/** A stack of Lastmile, as seen from the stack that declares rules and API destinations. */
export interface ILastmile {
  /** The function `deliver`, a target of rules. */
  readonly deliverFunctionArn: string;
  readonly deliverFunctionName: string;
  /** The delivery queue, a target of rules. */
  readonly deliveryQueueArn: string;
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

/** A reference to a deployed stack of Lastmile. Its functions and queues have names that depend only on the stage. */
export class Lastmile extends Construct implements ILastmile {
  readonly deliverFunctionArn: string;
  readonly deliverFunctionName: string;
  readonly deliveryQueueArn: string;
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
    this.deliveryQueueArn = Stack.of(this).formatArn({
      service: 'sqs',
      resource: `lastmile-${stage}-deliveries`,
      ...place,
    });
  }
}
