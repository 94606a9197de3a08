/*
 * What a stack keeps: the table, the root secret and the bucket of failed invocations. All three outlive the stack, because
 * nothing can make them again.
 */
const { kept, subbed } = require('./template.cjs');

/** Keys and index as lib/adapters/dynamodb/table.ts defines them for the local stack. */
function table(name, { kmsKeyArn, deletionProtection }) {
  return kept({
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'connectionArn', 'name'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-connection',
          KeySchema: [
            { AttributeName: 'connectionArn', KeyType: 'HASH' },
            { AttributeName: 'name', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: deletionProtection,
      ...(kmsKeyArn && { SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: kmsKeyArn } }),
    },
  });
}

/**
 * 64 letters and digits are 381 bits of chance.
 *
 * Failure policy: the members of GenerateSecretString never change. CloudFormation answers a change with another secret, and
 * every API key of the stack would be dead. It has no name of its own, because a name is blocked for days after its secret was
 * deleted: a first deployment that failed could not be tried again.
 */
function rootSecret(stack, { kmsKeyArn }) {
  return kept({
    Type: 'AWS::SecretsManager::Secret',
    Properties: {
      Description: `Root secret of ${stack}: tokens and API keys are derived from it.`,
      GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
      ...(kmsKeyArn && { KmsKeyId: kmsKeyArn }),
    },
  });
}

/**
 * Where Lambda puts an asynchronous invocation that failed for good. Failure policy: a bucket and no queue, because the queues
 * may be what the invocation failed for.
 */
function failedInvocations({ kmsKeyArn, failedInvocationsDays }) {
  const encryption = kmsKeyArn
    ? { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKeyArn }
    : { SSEAlgorithm: 'AES256' };
  return kept({
    Type: 'AWS::S3::Bucket',
    Properties: {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: encryption, ...(kmsKeyArn && { BucketKeyEnabled: true }) },
        ],
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LifecycleConfiguration: {
        Rules: [
          {
            Id: 'expire',
            Status: 'Enabled',
            ExpirationInDays: failedInvocationsDays,
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
          },
        ],
      },
    },
  });
}

/** As retained as the bucket: without it, a bucket left behind by its stack would take requests without TLS. */
const failedInvocationsPolicy = kept({
  Type: 'AWS::S3::BucketPolicy',
  Properties: {
    Bucket: { Ref: 'FailedInvocations' },
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'TlsOnly',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: [{ 'Fn::GetAtt': ['FailedInvocations', 'Arn'] }, subbed('${FailedInvocations.Arn}/*')],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    },
  },
});

function storage(stack, parameters) {
  return {
    Table: table(stack, parameters),
    RootSecret: rootSecret(stack, parameters),
    FailedInvocations: failedInvocations(parameters),
    FailedInvocationsPolicy: failedInvocationsPolicy,
  };
}

module.exports = { storage };
