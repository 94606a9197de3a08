/*
 * What the functions have beside serverless.yml: settings that a stage may leave out, and which osls would read as zero, and a
 * destination that osls does not know.
 */
const { getAtt } = require('./template.cjs');

/** The functions of serverless.yml, each with the logical id that osls gives it. */
const functions = {
  deliver: 'Deliver',
  'deliver-queued': 'DeliverDashqueued',
  'control-api': 'ControlDashapi',
  'authorize-connection': 'AuthorizeDashconnection',
  redrive: 'Redrive',
};

/** These call endpoints and token endpoints, so these belong where such endpoints are reached. */
const inNetwork = ['deliver', 'deliver-queued', 'authorize-connection'];

/** Invoked asynchronously: Lambda keeps what they fail for. */
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

/** Additions to resources that osls makes, in the form of its `resources.extensions`. */
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
