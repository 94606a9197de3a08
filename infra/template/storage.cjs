/*
 * The stack's stores: the table, the root secret, the bucket of failed invocations and that of kept events. All of them remain
 * when the stack is deleted, because their contents cannot be restored, and because CloudFormation cannot delete a bucket
 * with objects in it.
 */
const { getAtt, kept, subbed } = require('./template.cjs');

/** The same keys and index as in lib/adapters/dynamodb/table.ts, which defines the table of the local stack. */
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
 * 64 random letters and digits give 381 bits.
 *
 * Failure policy: the members of GenerateSecretString must never change. After a change, CloudFormation generates a new
 * secret, and every API key of the stack stops working. The secret has no fixed name, because AWS blocks the name of a deleted
 * secret for days. With a fixed name, a second deployment would fail if the first one had failed.
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

/** An encrypted bucket that nobody outside the account can read, and that deletes its objects after some days. */
function expiringBucket(kmsKeyArn, days) {
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
            ExpirationInDays: days,
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
          },
        ],
      },
    },
  });
}

/** Like the bucket, this policy is kept when the stack is deleted. Otherwise the bucket would accept requests without TLS. */
function tlsOnly(bucketId) {
  return kept({
    Type: 'AWS::S3::BucketPolicy',
    Properties: {
      Bucket: { Ref: bucketId },
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'TlsOnly',
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:*',
            Resource: [getAtt(bucketId, 'Arn'), subbed(`\${${bucketId}.Arn}/*`)],
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          },
        ],
      },
    },
  });
}

/**
 * Failure policy: Lambda stores asynchronous invocations that have failed for good in a bucket and not in a queue, because the
 * queues may be the cause of the failure.
 */
function storage(stack, parameters) {
  const { kmsKeyArn, failedInvocationsDays, keepEventsDays } = parameters;
  return {
    Table: table(stack, parameters),
    RootSecret: rootSecret(stack, parameters),
    FailedInvocations: expiringBucket(kmsKeyArn, failedInvocationsDays),
    FailedInvocationsPolicy: tlsOnly('FailedInvocations'),
    ...(keepEventsDays && {
      KeptEvents: expiringBucket(kmsKeyArn, keepEventsDays),
      KeptEventsPolicy: tlsOnly('KeptEvents'),
    }),
  };
}

module.exports = { storage };
