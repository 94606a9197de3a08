/*
 * Lets `sls invoke local` run on a local stack: on the one that runs, else on a throw-away one in this process. Without this
 * plugin, the function would call AWS. With any stage but `local`, it calls AWS on purpose.
 *
 * CommonJS, because osls loads its plugins with `require`.
 */
const { readFile } = require('node:fs/promises');
const { resolve } = require('node:path');

const print = (text) => process.stderr.write(`${text}\n`);

class InvokeLocal {
  constructor(serverless, options) {
    this.serverless = serverless;
    this.options = options;
    this.stack = undefined;
    this.hooks = {
      initialize: () => this.openStack(),
      'before:invoke:local:invoke': () => this.prepareInput(),
      finalize: () => this.closeStack(),
      error: () => this.closeStack(),
    };
  }

  async openStack() {
    const { processedInput, service, classes } = this.serverless;
    const stage = processedInput.options.stage ?? service.provider.stage;
    if (processedInput.commands.join(' ') !== 'invoke local' || stage !== 'local') return;
    const { openTargetStack } = await import('../../lib/commands/invoke-local/target-stack.ts');
    try {
      const environment = { ...process.env, ...(this.options.region && { AWS_REGION: this.options.region }) };
      this.stack = await openTargetStack(environment, print);
    } catch (error) {
      if (error.name !== 'StartError' && error.name !== 'ConfigError') throw error;
      throw new classes.Error(error.message, 'NO_LOCAL_STACK');
    }
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
    Object.assign(process.env, this.stack.variables);
    service.provider.environment = this.stack.variables;
    service.provider.region = this.stack.region;
    // Stack traces then name the lines of the sources, not those of the bundle.
    process.setSourceMapsEnabled(true);
  }

  async prepareInput() {
    if (this.stack === undefined) return;
    const { prepareInput } = await import('../../lib/commands/invoke-local/input.ts');
    const { input, remark } = prepareInput(
      this.options.function,
      this.options.data,
      Date.now(),
      await this.inputText(),
    );
    this.options.data = await this.stack.answerable(input);
    if (remark !== undefined) print(remark);
    const { function: name, functionObj } = this.options;
    const timeoutSeconds = Number(functionObj.timeout ?? this.serverless.service.provider.timeout);
    this.options.context = { ...this.stack.contextOf(name, timeoutSeconds), ...this.givenContext() };
    process.env.API_DESTINATION = (await this.stack.prepare(input)) ?? '';
  }

  /** Members of the context that the user has set with --context or --contextPath. */
  givenContext() {
    const { context } = this.options;
    if (context === undefined || typeof context === 'object') return context;
    throw new this.serverless.classes.Error('The context must be a JSON object.', 'BAD_CONTEXT');
  }

  /** The unchanged text of the input file; undefined when the input is not a JSON file. */
  async inputText() {
    const { path } = this.options;
    if (path === undefined || !path.endsWith('.json')) return undefined;
    return await readFile(resolve(this.serverless.serviceDir, path), 'utf8');
  }

  async closeStack() {
    await this.stack?.close();
    this.stack = undefined;
  }
}

module.exports = InvokeLocal;
