import type * as eventBridge from '@aws-sdk/client-eventbridge';
import type { OperationOf, Wire } from './wire.ts';

export type Connection = Wire<eventBridge.Connection>;
export type ConnectionDetails = EventBridgeOperations['DescribeConnection']['output'];
export type ApiDestination = Wire<eventBridge.ApiDestination>;
export type ApiDestinationDetails = EventBridgeOperations['DescribeApiDestination']['output'];
export type Rule = Wire<eventBridge.Rule>;
export type RuleDetails = EventBridgeOperations['DescribeRule']['output'];
export type RuleTarget = Wire<eventBridge.Target>;
export type ConnectionHttpParameters = Wire<eventBridge.ConnectionHttpParameters>;
export type AuthorizationType = eventBridge.ConnectionAuthorizationType;
export type HttpMethod = eventBridge.ApiDestinationHttpMethod;

/** The operations that EventBridge has too. Their types are those of the AWS SDK, which come from the service's model. */
export interface EventBridgeOperations {
  ListConnections: OperationOf<eventBridge.ListConnectionsCommandInput, eventBridge.ListConnectionsCommandOutput>;
  DescribeConnection: OperationOf<
    eventBridge.DescribeConnectionCommandInput,
    eventBridge.DescribeConnectionCommandOutput
  >;
  CreateConnection: OperationOf<eventBridge.CreateConnectionCommandInput, eventBridge.CreateConnectionCommandOutput>;
  UpdateConnection: OperationOf<eventBridge.UpdateConnectionCommandInput, eventBridge.UpdateConnectionCommandOutput>;
  DeauthorizeConnection: OperationOf<
    eventBridge.DeauthorizeConnectionCommandInput,
    eventBridge.DeauthorizeConnectionCommandOutput
  >;
  DeleteConnection: OperationOf<eventBridge.DeleteConnectionCommandInput, eventBridge.DeleteConnectionCommandOutput>;

  ListApiDestinations: OperationOf<
    eventBridge.ListApiDestinationsCommandInput,
    eventBridge.ListApiDestinationsCommandOutput
  >;
  DescribeApiDestination: OperationOf<
    eventBridge.DescribeApiDestinationCommandInput,
    eventBridge.DescribeApiDestinationCommandOutput
  >;
  CreateApiDestination: OperationOf<
    eventBridge.CreateApiDestinationCommandInput,
    eventBridge.CreateApiDestinationCommandOutput
  >;
  UpdateApiDestination: OperationOf<
    eventBridge.UpdateApiDestinationCommandInput,
    eventBridge.UpdateApiDestinationCommandOutput
  >;
  DeleteApiDestination: OperationOf<
    eventBridge.DeleteApiDestinationCommandInput,
    eventBridge.DeleteApiDestinationCommandOutput
  >;

  ListEventBuses: OperationOf<eventBridge.ListEventBusesCommandInput, eventBridge.ListEventBusesCommandOutput>;
  DescribeEventBus: OperationOf<eventBridge.DescribeEventBusCommandInput, eventBridge.DescribeEventBusCommandOutput>;
  CreateEventBus: OperationOf<eventBridge.CreateEventBusCommandInput, eventBridge.CreateEventBusCommandOutput>;
  DeleteEventBus: OperationOf<eventBridge.DeleteEventBusCommandInput, eventBridge.DeleteEventBusCommandOutput>;
  ListRules: OperationOf<eventBridge.ListRulesCommandInput, eventBridge.ListRulesCommandOutput>;
  DescribeRule: OperationOf<eventBridge.DescribeRuleCommandInput, eventBridge.DescribeRuleCommandOutput>;
  PutRule: OperationOf<eventBridge.PutRuleCommandInput, eventBridge.PutRuleCommandOutput>;
  EnableRule: OperationOf<eventBridge.EnableRuleCommandInput, eventBridge.EnableRuleCommandOutput>;
  DisableRule: OperationOf<eventBridge.DisableRuleCommandInput, eventBridge.DisableRuleCommandOutput>;
  DeleteRule: OperationOf<eventBridge.DeleteRuleCommandInput, eventBridge.DeleteRuleCommandOutput>;
  ListTargetsByRule: OperationOf<eventBridge.ListTargetsByRuleCommandInput, eventBridge.ListTargetsByRuleCommandOutput>;
  PutTargets: OperationOf<eventBridge.PutTargetsCommandInput, eventBridge.PutTargetsCommandOutput>;
  RemoveTargets: OperationOf<eventBridge.RemoveTargetsCommandInput, eventBridge.RemoveTargetsCommandOutput>;
  ListRuleNamesByTarget: OperationOf<
    eventBridge.ListRuleNamesByTargetCommandInput,
    eventBridge.ListRuleNamesByTargetCommandOutput
  >;
  TestEventPattern: OperationOf<eventBridge.TestEventPatternCommandInput, eventBridge.TestEventPatternCommandOutput>;
  PutEvents: OperationOf<eventBridge.PutEventsCommandInput, eventBridge.PutEventsCommandOutput>;
}
