import type { ResourceChange } from '@aws-sdk/client-cloudformation';
import { expect, test } from 'vitest';
import { changeLines, lostStores } from '../../../../lib/commands/deploy/changes.ts';

const table: ResourceChange = {
  Action: 'Modify',
  LogicalResourceId: 'Table',
  PhysicalResourceId: 'lastmile-prod',
  ResourceType: 'AWS::DynamoDB::Table',
  Details: [{ Target: { Attribute: 'Properties', Name: 'KeySchema' } }, { Target: { Attribute: 'Tags' } }],
};

test('the changes of a new stack are counted by type', () => {
  const add = (ResourceType: string): ResourceChange => ({ Action: 'Add', ResourceType });
  const changes = [add('AWS::SQS::Queue'), add('AWS::DynamoDB::Table'), add('AWS::SQS::Queue')];
  expect(changeLines(changes, true)).toEqual(['   1  AWS::DynamoDB::Table', '   2  AWS::SQS::Queue']);
});

test('each change of an update is a line with the resource and the properties that change', () => {
  const changes: ResourceChange[] = [
    { Action: 'Remove', LogicalResourceId: 'KeptEvents', ResourceType: 'AWS::S3::Bucket' },
    { Action: 'Add', LogicalResourceId: 'Alarm', ResourceType: 'AWS::CloudWatch::Alarm' },
    table,
    { ...table, Replacement: 'True' },
  ];
  expect(changeLines(changes, false)).toEqual([
    '  add      Alarm (AWS::CloudWatch::Alarm)',
    '  change   Table (AWS::DynamoDB::Table): KeySchema, Tags',
    '  remove   KeptEvents (AWS::S3::Bucket)',
    '  replace  Table (AWS::DynamoDB::Table): KeySchema, Tags',
  ]);
});

test.each<[string, Partial<ResourceChange>, string]>([
  [
    'a table that is replaced and remains',
    { Replacement: 'True', PolicyAction: 'ReplaceAndRetain' },
    'The table Table (lastmile-prod) would be replaced by a new, empty table, because of KeySchema, Tags. It would remain in the account, with all that is in it.',
  ],
  [
    'a table that may have to be replaced',
    { Replacement: 'Conditional', PolicyAction: 'ReplaceAndRetain' },
    'The table Table (lastmile-prod) might be replaced by a new, empty table, because of KeySchema, Tags. It would remain in the account, with all that is in it.',
  ],
  [
    'a queue that is deleted with its messages',
    { Action: 'Remove', ResourceType: 'AWS::SQS::Queue', LogicalResourceId: 'Queue', PolicyAction: 'Delete' },
    'The queue Queue (lastmile-prod) would no longer be in the stack. AWS would delete it with all that is in it.',
  ],
  [
    'a secret that is replaced',
    { Replacement: 'True', ResourceType: 'AWS::SecretsManager::Secret', LogicalResourceId: 'RootSecret', Details: [] },
    'The secret RootSecret (lastmile-prod) would be replaced by a new secret, so that every API key stops working. Read its DeletionPolicy to see whether it would remain in the account.',
  ],
])('%s is named in words', (_what, change, sentence) => {
  expect(lostStores([{ ...table, ...change }])).toEqual([sentence]);
});

test('a table that only changes, a new queue and a replaced function lose no data', () => {
  const changes: ResourceChange[] = [
    { ...table, Replacement: 'False' },
    { Action: 'Add', ResourceType: 'AWS::SQS::Queue', LogicalResourceId: 'Queue' },
    { Action: 'Modify', ResourceType: 'AWS::Lambda::Function', Replacement: 'True', LogicalResourceId: 'Deliver' },
    { Action: 'Remove', ResourceType: 'AWS::S3::BucketPolicy', LogicalResourceId: 'Policy' },
  ];
  expect(lostStores(changes)).toEqual([]);
});
