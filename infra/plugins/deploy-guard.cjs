/*
 * Refuses to package or deploy a stack that would not run. There are two cases:
 *
 * - Stage `local`, which is osls' default without `--stage`. Its functions would look for their queues on their own machine.
 *   Commands that only read or call a deployed stack are refused too, because no AWS account has a stack of this stage.
 * - Variables that lib/config.ts refuses. Each function would fail at its first invocation.
 *
 * CommonJS, because osls loads its plugins with `require`.
 */

require('../node/run-on-node-24.cjs');

/** A function's name has at most 64 characters. The longest one here is lastmile-<stage>-authorize-connection. */
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
  const command = processedInput.commands.join(' ');
  if (!/^(?:package|deploy|remove|rollback|invoke$|logs|info|metrics)/.test(command)) return;
  // At this point osls has not merged the command's options into the provider yet.
  const stage = processedInput.options.stage ?? service.provider.stage;
  const refuse = (message) => new classes.Error(message, 'STAGE_REFUSED');
  if (stage === 'local') {
    throw refuse(`Say which stack: npx sls ${command} --stage prod. Stage local runs on this machine: npm start.`);
  }
  if (!/^[a-z][a-z0-9-]*$/.test(stage) || stage.length > maximumStageLength) {
    throw refuse(
      `Stage "${stage}": use lower-case letters, digits and hyphens. Begin with a letter, and use at most ${maximumStageLength} characters.`,
    );
  }
}

/** Replaces a value that only CloudFormation knows. Every variable that may have such a value also accepts this text. */
const resolvedLater = 'https://resolved.invalid/later.fifo';

async function checkEnvironment({ service, classes }) {
  const { parseConfig } = await import('../../lib/config.ts');
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
