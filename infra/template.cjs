/* Turns of phrase of CloudFormation. */

/**
 * A resource that stays when its stack is deleted or no longer has it; but not when the deployment that made it fails, or its
 * name would stand in the way of the next.
 */
const kept = (resource) => ({ ...resource, DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });

const subbed = (text) => ({ 'Fn::Sub': text });

/** An ARN of this account, in the partition and region of the stack. */
const arnOf = (service, resource) =>
  subbed(`arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`);

const getAtt = (logicalId, attribute) => ({ 'Fn::GetAtt': [logicalId, attribute] });

module.exports = { arnOf, getAtt, kept, subbed };
