import { expect, test } from 'vitest';
import { reasonsIn } from '../../../../lib/commands/deploy/stack-events.ts';

const event = { StackId: 'id', StackName: 'lastmile-prod', EventId: '1', Timestamp: new Date(0) };
const failed = {
  ...event,
  ResourceStatus: 'CREATE_FAILED',
  LogicalResourceId: 'Table',
  ResourceType: 'AWS::DynamoDB::Table',
} as const;

test('a failed resource is named with its reason, without control characters', () => {
  expect(reasonsIn([{ ...failed, ResourceStatusReason: 'Table lastmile-prod\nexists\u001b[2J' }])).toEqual([
    'Table (AWS::DynamoDB::Table): Table lastmile-prod?exists?[2J',
  ]);
});

test('a failed resource without a reason is named, too', () => {
  expect(reasonsIn([failed])).toEqual(['Table (AWS::DynamoDB::Table): AWS gives no reason.']);
});

test('the stack itself, a cancelled resource and a resource that succeeded are not named as reasons', () => {
  expect(
    reasonsIn([
      { ...failed, ResourceType: 'AWS::CloudFormation::Stack', ResourceStatusReason: 'failed to create: [Table]' },
      { ...failed, ResourceStatusReason: 'Resource creation cancelled' },
      { ...failed, ResourceStatusReason: 'Resource update cancelled' },
      { ...failed, ResourceStatus: 'CREATE_COMPLETE', ResourceStatusReason: 'done' },
    ]),
  ).toEqual([]);
});
