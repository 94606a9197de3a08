/*
 * Refuses to package or deploy the stage of the local stack, which is what osls takes without `--stage`: its functions would
 * look for their queues on the laptop of whoever deployed them. CommonJS, because osls requires its plugins.
 */

/** Stands in names of functions (64 characters), of which the longest is lastmile-<stage>-authorize-connection. */
const maximumStageLength = 32;

class DeployGuard {
  constructor(serverless) {
    this.hooks = { initialize: () => check(serverless) };
  }
}

function check({ processedInput, service, classes }) {
  const [command] = processedInput.commands;
  if (!['package', 'deploy', 'remove', 'rollback'].includes(command)) return;
  // At this point osls has not laid its options over the provider yet.
  const stage = processedInput.options.stage ?? service.provider.stage;
  const refuse = (message) => new classes.Error(message, 'STAGE_REFUSED');
  if (stage === 'local') {
    throw refuse(`Say which stack: npx sls ${command} --stage prod. Stage local runs on this machine: npm start.`);
  }
  if (!/^[a-z][a-z0-9-]*$/.test(stage) || stage.length > maximumStageLength) {
    throw refuse(
      `Stage "${stage}": use lower-case letters, digits and hyphens, a letter first, at most ${maximumStageLength}.`,
    );
  }
}

module.exports = DeployGuard;
