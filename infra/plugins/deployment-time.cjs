/*
 * Names a deployment after the time at which it happens.
 *
 * osls names the folder of a deployment in the bucket after the time of packaging. Later it takes the folder with the latest name
 * for what the stack runs: it skips a deployment whose files are equal to those of that folder, and deletes all but the five folders
 * with the latest names. A package may have the time of its commit (SOURCE_DATE_EPOCH), so that everybody gets the same bytes. With that name, an
 * older commit that is deployed after a newer one would seem to be replaced already, and its files could be deleted while they are
 * in use. So this plugin renames the folder when osls deploys. The package keeps its bytes.
 *
 * `sls rollback` and `sls deploy function` change what runs without a new folder. So before a deployment is skipped, this plugin
 * compares it with what runs.
 *
 * CommonJS, because osls loads its plugins with `require`.
 */
const { createHash } = require('node:crypto');
const { readFile, writeFile } = require('node:fs/promises');
const { createRequire } = require('node:module');
const { basename, join } = require('node:path');

/** The AWS clients that osls itself uses. */
const requireOfOsls = createRequire(require.resolve('osls/package.json'));

class DeploymentTime {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = { 'after:aws:deploy:deploy:checkForChanges': () => this.checked() };
  }

  async checked() {
    const { provider } = this.serverless.service;
    const newest = await this.newestFolder();
    if (provider.shouldNotDeploy && (await this.isRunning(newest))) return;
    provider.shouldNotDeploy = false;
    await this.rename(newest);
  }

  /** The name of the newest folder in the bucket. Undefined if the bucket has none. */
  async newestFolder() {
    const deploy = this.serverless.pluginManager.plugins.find((plugin) => 'getMostRecentObjects' in plugin);
    const [object] = await deploy.getMostRecentObjects();
    return object && object.Key.slice(this.parent().length).split('/')[0];
  }

  /** The folder of the bucket that holds the folders of this stage. */
  parent() {
    const aws = this.serverless.getProvider('aws');
    return `${aws.getDeploymentPrefix()}/${this.serverless.service.service}/${aws.getStage()}/`;
  }

  /**
   * Whether the stack runs what is in this folder, which equals the package.
   *
   * Failure policy: if this cannot be found out, the answer is no. The package is then deployed once more, which changes nothing.
   */
  async isRunning(folder) {
    try {
      const [isFolderOfStack, isCodeOfPackage] = await Promise.all([this.isFolderOfStack(folder), this.isCodeOfPackage()]);
      return isFolderOfStack && isCodeOfPackage;
    } catch {
      return false;
    }
  }

  async isFolderOfStack(folder) {
    const { GetTemplateCommand } = requireOfOsls('@aws-sdk/client-cloudformation');
    const aws = this.serverless.getProvider('aws');
    const client = await aws.getCloudFormationClient();
    const { TemplateBody } = await client.send(new GetTemplateCommand({ StackName: aws.naming.getStackName() }));
    const functions = Object.values(JSON.parse(TemplateBody).Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
    return functions.every(({ Properties }) => Properties.Code.S3Key.startsWith(`${this.parent()}${folder}/`));
  }

  async isCodeOfPackage() {
    const { GetFunctionCommand, LambdaClient } = requireOfOsls('@aws-sdk/client-lambda');
    const { service } = this.serverless;
    const client = new LambdaClient(await this.serverless.getProvider('aws').getAwsSdkV3Config());
    const compared = service.getAllFunctions().map(async (name) => {
      const { name: FunctionName, package: packaged } = service.getFunction(name);
      const { Configuration } = await client.send(new GetFunctionCommand({ FunctionName }));
      const zip = await readFile(this.uploaded(basename(packaged.artifact)));
      return Configuration.CodeSha256 === createHash('sha256').update(zip).digest('base64');
    });
    return (await Promise.all(compared)).every(Boolean);
  }

  /** osls copies the files of a package to this folder, and uploads them from there. */
  uploaded(file) {
    return join(this.serverless.serviceDir, '.serverless', file);
  }

  /** The new name is later than every name in the bucket, even if the clock of an earlier deployment was ahead. */
  async rename(newest) {
    const { service } = this.serverless;
    const before = service.package.artifactDirectoryName;
    const timeMs = Math.max(Date.now(), newest === undefined ? 0 : Number.parseInt(newest, 10) + 1);
    const name = `${this.parent()}${timeMs}-${new Date(timeMs).toISOString()}`;
    const renamed = (text) => text.replaceAll(`"${before}"`, `"${name}"`).replaceAll(`"${before}/`, `"${name}/`);
    service.package.artifactDirectoryName = name;
    const { provider } = service;
    provider.compiledCloudFormationTemplate = JSON.parse(renamed(JSON.stringify(provider.compiledCloudFormationTemplate)));
    const state = this.uploaded(this.serverless.getProvider('aws').naming.getServiceStateFileName());
    await writeFile(state, renamed(await readFile(state, 'utf8')));
  }
}

module.exports = DeploymentTime;
