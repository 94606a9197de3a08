/* Short forms for the CloudFormation template. */

/**
 * A resource that remains when it leaves the stack or when the stack is deleted. If the deployment that creates it fails, it
 * is deleted, so that its name is free for the next deployment.
 */
const kept = (resource) => ({ ...resource, DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });

const subbed = (text) => ({ 'Fn::Sub': text });

/** An ARN of this account, in the partition and region of the stack. */
const arnOf = (service, resource) =>
  subbed(`arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`);

const getAtt = (logicalId, attribute) => ({ 'Fn::GetAtt': [logicalId, attribute] });

module.exports = { arnOf, getAtt, kept, subbed };
