/* Short forms for the CloudFormation template. */

/**
 * Makes a resource remain when it is removed from the stack, or when the stack is deleted. If the deployment that creates the
 * resource fails, the resource is deleted, so that the next deployment can use its name.
 */
const kept = (resource) => ({ ...resource, DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });

const subbed = (text) => ({ 'Fn::Sub': text });

/** An ARN of this account, in the partition and region of the stack. */
const arnOf = (service, resource) =>
  subbed(`arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`);

const getAtt = (logicalId, attribute) => ({ 'Fn::GetAtt': [logicalId, attribute] });

module.exports = { arnOf, getAtt, kept, subbed };
