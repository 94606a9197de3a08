/*
 * Settings of the functions that serverless.yml cannot express: numbers that are optional (osls would read them as zero when a
 * stage leaves them out), and a destination type that osls does not support.
 */
const { getAtt } = require('./template.cjs');

/** The functions of serverless.yml, each with the logical id that osls gives it. */
const functions = {
  deliver: 'Deliver',
  'deliver-queued': 'DeliverDashqueued',
  'control-api': 'ControlDashapi',
  'authorize-connection': 'AuthorizeDashconnection',
  redrive: 'Redrive',
  resources: 'Resources',
};

/** These functions call endpoints and token endpoints, so they run in the VPC. */
const inNetwork = ['deliver', 'deliver-queued', 'authorize-connection'];

/** These functions are invoked asynchronously. Lambda keeps the invocations that failed. */
const asynchronous = ['deliver', 'authorize-connection'];

function functionProperties(name, parameters) {
  const { subnetIds, securityGroupIds } = parameters;
  const reserved = {
    deliver: parameters.deliverReservedConcurrency,
    'control-api': parameters.controlApiReservedConcurrency,
  }[name];
  return {
    ...(reserved && { ReservedConcurrentExecutions: reserved }),
    ...(subnetIds.length > 0 &&
      inNetwork.includes(name) && { VpcConfig: { SubnetIds: subnetIds, SecurityGroupIds: securityGroupIds } }),
  };
}

/** Additions to the resources that osls creates, in the format of its `resources.extensions`. */
function functionExtensions(parameters) {
  const extensions = {};
  for (const [name, id] of Object.entries(functions)) {
    extensions[`${id}LambdaFunction`] = { Properties: functionProperties(name, parameters) };
    if (parameters.kmsKeyArn) extensions[`${id}LogGroup`] = { Properties: { KmsKeyId: parameters.kmsKeyArn } };
    if (!asynchronous.includes(name)) continue;
    const DestinationConfig = { OnFailure: { Destination: getAtt('FailedInvocations', 'Arn') } };
    extensions[`${id}LambdaEvConf`] = { Properties: { DestinationConfig } };
  }
  return extensions;
}

module.exports = { asynchronous, functionExtensions, functions, inNetwork };
