import { CustomResource, Resource } from 'aws-cdk-lib';
import type { ConnectionProps as EventsConnectionProps, HttpParameter, IConnection } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import type { ILastmile } from './lastmile.ts';

/** The properties of `aws-events.Connection`, and the stack of Lastmile. */
export interface ConnectionProps extends EventsConnectionProps {
  readonly lastmile: ILastmile;
  /**
   * Whether the deployment waits until an OAuth connection has its first token, and fails if the token endpoint refuses.
   * Default: true.
   */
  readonly waitForAuthorization?: boolean;
}

/**
 * A connection of Lastmile. It takes the properties of `aws-events.Connection`, among them `Authorization.apiKey`, `basic` and
 * `oauth`. Take credentials from Secrets Manager (`SecretValue.secretsManager`): those in the code end up in the template.
 */
export class Connection extends Resource implements IConnection {
  readonly connectionName: string;
  readonly connectionArn: string;
  readonly connectionSecretArn: string;

  constructor(scope: Construct, id: string, props: ConnectionProps) {
    super(scope, id, { ...(props.connectionName !== undefined && { physicalName: props.connectionName }) });
    const { authorizationType, authParameters } = props.authorization._bind();
    const invocationHttpParameters = httpParameters(props);
    const resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::LastmileConnection',
      serviceToken: props.lastmile.resourcesFunctionArn,
      properties: {
        Name: props.connectionName,
        Description: props.description,
        AuthorizationType: authorizationType,
        AuthParameters: {
          ...(withApiNames(authParameters) as object),
          ...(invocationHttpParameters && { InvocationHttpParameters: withApiNames(invocationHttpParameters) }),
        },
        WaitForAuthorization: props.waitForAuthorization,
      },
    });
    this.node.addDependency(props.lastmile);
    this.connectionName = resource.ref;
    this.connectionArn = resource.getAttString('Arn');
    this.connectionSecretArn = resource.getAttString('SecretArn');
  }

  get connectionRef() {
    return { connectionName: this.connectionName, connectionArn: this.connectionArn };
  }
}

type Parameters = Readonly<Record<string, HttpParameter>> | undefined;

function httpParameters({ bodyParameters, headerParameters, queryStringParameters }: ConnectionProps) {
  if (bodyParameters === undefined && headerParameters === undefined && queryStringParameters === undefined)
    return undefined;
  return {
    bodyParameters: rendered(bodyParameters),
    headerParameters: rendered(headerParameters),
    queryStringParameters: rendered(queryStringParameters),
  };
}

function rendered(parameters: Parameters): readonly unknown[] | undefined {
  return parameters && Object.entries(parameters).map(([name, parameter]) => parameter._render(name) as unknown);
}

/** Members whose name in the API is not their name in the CDK with an upper-case first letter. */
const apiNames: Readonly<Record<string, string>> = { clientId: 'ClientID' };

/** The CDK writes members as `apiKeyName`, the API as `ApiKeyName`. */
function withApiNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((member: unknown) => withApiNames(member));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => [
    apiNames[name] ?? name.charAt(0).toUpperCase() + name.slice(1),
    withApiNames(member),
  ]);
  return Object.fromEntries(members) as unknown;
}
