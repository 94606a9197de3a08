/*
 * Bundles each function with esbuild before osls packages, deploys or invokes it. One folder per function, emptied first,
 * so that no file of an older build reaches a zip:
 *
 *   .build/<function>/handler.js, chunks that are loaded on demand, package.json that makes them ES modules
 *
 * CommonJS, because osls requires its plugins. Performance: `splitting` leaves what is imported on demand unloaded at a
 * cold start; `module` before `main` takes a third off the AWS SDK.
 */
const { existsSync } = require('node:fs');
const { mkdir, rm, writeFile } = require('node:fs/promises');
const { join } = require('node:path');
const esbuild = require('esbuild');

/** Bundled CommonJS packages call `require` for Node's own modules, which an ES module does not have. */
const requireForCommonJs = "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);";

class EsbuildPlugin {
  constructor(serverless, options) {
    const bundleOne = () => this.bundle([options.function]);
    this.serverless = serverless;
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => this.bundle(serverless.service.getAllFunctions()),
      'before:deploy:function:packageFunction': bundleOne,
      'before:invoke:local:invoke': bundleOne,
    };
  }

  async bundle(functionNames) {
    await Promise.all(functionNames.map((name) => this.bundleFunction(name, this.serverless.service.getFunction(name))));
  }

  /** Points the function at its bundle, which is all that its zip holds. */
  async bundleFunction(name, definition) {
    const { serviceDir } = this.serverless;
    const handlerFile = definition.handler.replace(/\.[^./]+$/, '.ts');
    if (!existsSync(join(serviceDir, handlerFile))) throw this.error(`Function ${name}: there is no ${handlerFile}.`);
    const folder = `.build/${name}`;
    await rm(join(serviceDir, folder), { recursive: true, force: true });
    await mkdir(join(serviceDir, folder), { recursive: true });
    await writeFile(join(serviceDir, folder, 'package.json'), '{"type":"module"}\n');
    await this.run(name, {
      absWorkingDir: serviceDir,
      entryPoints: { handler: handlerFile },
      outdir: folder,
      bundle: true,
      platform: 'node',
      target: 'node24',
      format: 'esm',
      splitting: true,
      mainFields: ['module', 'main'],
      minify: true,
      sourcemap: true,
      sourcesContent: false,
      banner: { js: requireForCommonJs },
      logLevel: 'silent',
    });
    definition.handler = `${folder}/handler${definition.handler.match(/\.[^./]+$/)[0]}`;
    definition.package = { ...definition.package, patterns: ['!**', `${folder}/**`] };
  }

  async run(name, options) {
    try {
      await esbuild.build(options);
    } catch (error) {
      const messages = await esbuild.formatMessages(error.errors ?? [], { kind: 'error', color: false });
      throw this.error(`Function ${name} cannot be bundled.\n${messages.join('') || error.message}`);
    }
  }

  /** An error that osls prints as its message alone, without a stack. */
  error(message) {
    return new this.serverless.classes.Error(message, 'BUNDLE_FAILED');
  }
}

module.exports = EsbuildPlugin;
