/*
 * Refuses to package or deploy what would not run: the stage of the local stack, which is what osls takes without `--stage`
 * (its functions would look for their queues on the laptop of whoever deployed them), and variables that lib/config.ts
 * refuses (each function would fail at its first invocation). CommonJS, because osls requires its plugins.
 */

/** Stands in names of functions (64 characters), of which the longest is lastmile-<stage>-authorize-connection. */
const maximumStageLength = 32;

class DeployGuard {
  constructor(serverless) {
    const checked = () => checkEnvironment(serverless);
    this.hooks = {
      initialize: () => checkStage(serverless),
      'before:package:createDeploymentArtifacts': checked,
      'before:deploy:function:packageFunction': checked,
    };
  }
}

function checkStage({ processedInput, service, classes }) {
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

/** Stands for what CloudFormation will put in: every form of a variable takes it that one of these may have. */
const resolvedLater = 'https://resolved.invalid/later';

async function checkEnvironment({ service, classes }) {
  const { parseConfig } = await import('../lib/config.ts');
  for (const name of service.getAllFunctions()) {
    const given = { ...service.provider.environment, ...service.getFunction(name).environment };
    const texts = Object.entries(given).map(([key, value]) => [key, textOf(value)]);
    try {
      parseConfig(Object.fromEntries(texts));
    } catch (error) {
      throw new classes.Error(`Function ${name}, infra/environment.yml: ${error.message}`, 'ENVIRONMENT_REFUSED');
    }
  }
}

function textOf(value) {
  return typeof value === 'object' && value !== null ? resolvedLater : String(value ?? '');
}

module.exports = DeployGuard;
