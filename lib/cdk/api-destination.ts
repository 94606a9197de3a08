import { CustomResource, Resource } from 'aws-cdk-lib';
import type { ApiDestinationProps as EventsApiDestinationProps, IApiDestination } from 'aws-cdk-lib/aws-events';
import { HttpMethod } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import type { ILastmile } from './lastmile.ts';

/** The properties of `aws-events.ApiDestination`, the stack of Lastmile, and a delivery policy. */
export interface ApiDestinationProps extends EventsApiDestinationProps {
  readonly lastmile: ILastmile;
  /** Members of the operation PutDeliveryPolicy, without the name of the destination. Default: no policy. */
  readonly deliveryPolicy?: Readonly<Record<string, unknown>>;
}

/** An API destination of Lastmile, for a LastmileTarget. Its connection is a Connection of Lastmile. */
export class ApiDestination extends Resource implements IApiDestination {
  readonly apiDestinationName: string;
  readonly apiDestinationArn: string;
  readonly apiDestinationArnForPolicy: string;
  readonly lastmile: ILastmile;

  constructor(scope: Construct, id: string, props: ApiDestinationProps) {
    super(scope, id, { ...(props.apiDestinationName !== undefined && { physicalName: props.apiDestinationName }) });
    this.lastmile = props.lastmile;
    const resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::LastmileApiDestination',
      serviceToken: props.lastmile.resourcesFunctionArn,
      properties: {
        Name: props.apiDestinationName,
        Description: props.description,
        ConnectionArn: props.connection.connectionRef.connectionArn,
        InvocationEndpoint: props.endpoint,
        HttpMethod: props.httpMethod ?? HttpMethod.POST,
        InvocationRateLimitPerSecond: props.rateLimitPerSecond,
      },
    });
    this.node.addDependency(props.lastmile);
    this.apiDestinationName = resource.ref;
    this.apiDestinationArn = resource.getAttString('Arn');
    this.apiDestinationArnForPolicy = resource.getAttString('ArnForPolicy');
    if (props.deliveryPolicy !== undefined) {
      new CustomResource(this, 'DeliveryPolicy', {
        resourceType: 'Custom::LastmileDeliveryPolicy',
        serviceToken: props.lastmile.resourcesFunctionArn,
        properties: { ...props.deliveryPolicy, ApiDestinationName: this.apiDestinationName },
      });
    }
  }

  get apiDestinationRef() {
    return { apiDestinationName: this.apiDestinationName, apiDestinationArn: this.apiDestinationArn };
  }
}
