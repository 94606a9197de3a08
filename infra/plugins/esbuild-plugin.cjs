/*
 * Bundles each function before osls packages, deploys or invokes it. Each function has a folder. Before packaging, the folder
 * is emptied, so that no file of an older build gets into a zip:
 *
 *   .build/<function>/handler.js, chunks that are loaded on demand, source maps, package.json that makes them ES modules
 *   .build/<function>.contents.json, the list of the bundle's contents; it is not in the zip
 *
 * A bundle over its budget stops the command. CommonJS, because osls loads its plugins with `require`.
 *
 * Two runs give the same bytes. osls sorts the files of a zip by name and gives them all one date. This plugin sorts the
 * template, because osls adds the functions in the order in which their zips happen to be read. If SOURCE_DATE_EPOCH
 * (reproducible-builds.org) is set, the template gets this time.
 */
const { existsSync } = require('node:fs');
const { mkdir, readFile, rename, rm, writeFile } = require('node:fs/promises');
const { join, relative } = require('node:path');
const esbuild = require('esbuild');
const { bundle } = require('../bundle/bundle.cjs');
const { bundleContents, overBudget } = require('../bundle/contents.cjs');

class EsbuildPlugin {
  constructor(serverless, options) {
    this.serverless = serverless;
    this.options = options;
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => this.package(),
      'before:aws:package:finalize:saveServiceState': () => {
        this.sortTemplate();
        this.forgetFolder();
      },
      'before:deploy:function:packageFunction': () => this.bundleWithinBudget([options.function]),
      'before:invoke:local:invoke': () => this.bundleFunction(options.function, forInvocation),
    };
  }

  async package() {
    const { service } = this.serverless;
    // The zips contain no node_modules, so osls need not ask npm for the development packages.
    service.package.excludeDevDependencies = false;
    await this.bundleWithinBudget(service.getAllFunctions());
    this.fixDate();
  }

  async bundleWithinBudget(names) {
    const budgetFile = join(this.serverless.serviceDir, 'infra', 'bundle', 'bundle-budget.json');
    const budgets = JSON.parse(await readFile(budgetFile, 'utf8'));
    const contents = await Promise.all(names.map((name) => this.bundleFunction(name)));
    const faults = names.map((name, index) => overBudget(name, contents[index], budgets)).filter(Boolean);
    if (faults.length > 0) throw this.error(faults.join('\n'));
  }

  /**
   * Makes the bundle the function's handler, and the only content of its zip.
   *
   * @param write puts the files of the bundle into its folder
   * @param keepNames whether errors keep the names of their classes
   */
  async bundleFunction(name, { write, keepNames } = forPackage) {
    const { serviceDir, service } = this.serverless;
    const definition = service.getFunction(name);
    const handlerFile = definition.handler.replace(/\.[^./]+$/, '.ts');
    if (!existsSync(join(serviceDir, handlerFile))) throw this.error(`Function ${name}: there is no ${handlerFile}.`);
    const folder = `.build/${name}`;
    const { metafile, outputFiles } = await this.build(name, { root: serviceDir, handlerFile, folder, keepNames, write: false });
    const contents = bundleContents(metafile);
    await write(join(serviceDir, folder), [
      ...outputFiles,
      { path: join(serviceDir, folder, 'package.json'), contents: '{"type":"module"}\n' },
      { path: join(serviceDir, `${folder}.contents.json`), contents: `${JSON.stringify(contents, undefined, 2)}\n` },
    ]);
    definition.handler = `${folder}/handler${definition.handler.match(/\.[^./]+$/)[0]}`;
    definition.package = { ...definition.package, patterns: ['!**', `${folder}/**`] };
    return contents;
  }

  async build(name, options) {
    try {
      return await bundle(options);
    } catch (error) {
      const messages = await esbuild.formatMessages(error.errors ?? [], { kind: 'error', color: false });
      throw this.error(`Function ${name} cannot be bundled.\n${messages.join('') || error.message}`);
    }
  }

  /** osls names the folder of a deployment after the current time, unless the folder has been given a name before. */
  fixDate() {
    const epoch = process.env.SOURCE_DATE_EPOCH;
    if (epoch === undefined) return;
    if (!/^[0-9]{1,11}$/.test(epoch)) throw this.error('SOURCE_DATE_EPOCH must be seconds since 1970.');
    const provider = this.serverless.getProvider('aws');
    const date = new Date(Number(epoch) * 1000);
    const { service } = this.serverless;
    const folder = `${provider.getDeploymentPrefix()}/${service.service}/${provider.getStage()}`;
    service.package.artifactDirectoryName = `${folder}/${date.getTime()}-${date.toISOString()}`;
  }

  sortTemplate() {
    const template = this.serverless.service.provider.compiledCloudFormationTemplate;
    for (const section of ['Resources', 'Outputs']) {
      if (template[section] === undefined) continue;
      const sorted = Object.entries(template[section]).sort(([one], [other]) => (one < other ? -1 : 1));
      template[section] = Object.fromEntries(sorted);
    }
  }

  /**
   * osls' state file contains the absolute paths of the zips. They are made relative, so that the package can be deployed from
   * any folder.
   */
  forgetFolder() {
    const { service, serviceDir } = this.serverless;
    for (const name of service.getAllFunctions()) {
      const { package: packaged } = service.getFunction(name);
      if (packaged.artifact !== undefined) packaged.artifact = relative(serviceDir, packaged.artifact);
    }
  }

  /** osls prints only the message of this error, without a stack. */
  error(message) {
    return new this.serverless.classes.Error(message, 'BUNDLE_FAILED');
  }
}

/** Empties the folder first. */
async function writeAnew(folder, files) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of files) await writeFile(path, contents);
}

/** Replaces each file in one step, because another invocation may be loading the same bundle. */
async function replaceFiles(folder, files) {
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of files) {
    const unfinished = `${path}.${process.pid}`;
    await writeFile(unfinished, contents);
    await rename(unfinished, path);
  }
}

const forPackage = { write: writeAnew, keepNames: false };
/** The person at the terminal reads the error of a failed invocation. */
const forInvocation = { write: replaceFiles, keepNames: true };

module.exports = EsbuildPlugin;
