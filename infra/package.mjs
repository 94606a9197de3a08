/*
 * `npm run package`: makes the files that a deployment uploads, without AWS credentials and without a network. The same commit
 * gives the same bytes.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { kilobytes as size } from './bundle/contents.cjs';
import { functionZips, objectKey } from './bundle/function-zips.cjs';
import { releaseTemplate } from './template/release.cjs';
import { functionNames } from './template/service.cjs';
import { stackTemplate } from './template/stack.cjs';

const root = join(import.meta.dirname, '..');
const isCheckout = existsSync(join(root, 'functions'));
const calledAs = process.env.LASTMILE_CALLED_AS;
const commandLine = (args) => (calledAs === undefined ? `npm run package -- ${args}` : `${calledAs} package ${args}`);

const usage = `Packages every function, with a CloudFormation template, without AWS credentials and without a network.

  ${commandLine('[--stage dev | --release] [--bucket <name>] [--out <folder>]')}

  --stage <stage>       a template for this stage (default: dev)
  --param <name=value>  parameter of the stage; may be given several times
  --release             a template for every stage, with CloudFormation parameters instead
  --bucket <name>       S3 bucket of the zips; the template then names their objects in it. Without it, the template names the
                        files beside it, which 'aws cloudformation package' uploads
  --out <folder>        output folder, which is emptied first (default: ${isCheckout ? '.build/package/<stage>, or .build/package/release' : 'lastmile-<stage>, or lastmile-<version>'})
  --help                show this text

The folder then has the template, a zip for each function, a list of each zip's contents, and the checksums of all files in
SHA256SUMS. Exit status: 0 packaged, 1 failed, 2 wrong usage.`;

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const checksums = 'SHA256SUMS';

function parse(args) {
  const text = { type: 'string' };
  const options = {
    stage: text,
    release: { type: 'boolean' },
    bucket: text,
    out: text,
    param: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h' },
  };
  try {
    const { values } = parseArgs({ args, options });
    if (values.help) return { help: true };
    const { stage = 'dev', release = false, bucket, param = [] } = values;
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(stage))
      throw new Error('--stage must be at most 32 lower case letters, digits and hyphens, and begin with a letter.');
    if (release && (values.stage !== undefined || param.length > 0))
      throw new Error('--release makes a template for every stage, so it takes neither --stage nor --param.');
    const out = resolve(values.out ?? defaultFolder(stage, release));
    // The default folder of a checkout can contain only files of an earlier run, even if that run was interrupted.
    const isOurs = (isCheckout && values.out === undefined) || mayBeEmptied(out);
    if (!isOurs) throw new Error(`--out is emptied first, but ${out} contains other files. Choose another folder.`);
    return { stage, release, bucket, out, parameters: Object.fromEntries(param.map(parameterOf)) };
  } catch (error) {
    console.error(`${error.message.split('\n')[0].replace(/\.?$/, '.')} See ${commandLine('--help')}.`);
    return undefined;
  }
}

/** An installed package writes into the user's folder, because npm replaces the package's own one. */
function defaultFolder(stage, release) {
  if (isCheckout) return join(root, '.build', 'package', release ? 'release' : stage);
  return `lastmile-${release ? version : stage}`;
}

function parameterOf(given) {
  const [, name, value] = /^(\w+)=(.*)$/s.exec(given) ?? [];
  if (name === undefined)
    throw new Error(`--param must be a name and a value, such as maximumConcurrency=7; it is '${given}'.`);
  return [name, value];
}

/** Whether the folder contains only files that an earlier run made. */
function mayBeEmptied(folder) {
  if (!existsSync(folder)) return true;
  const files = statSync(folder).isDirectory() ? readdirSync(folder) : [folder];
  return files.length === 0 || files.includes(checksums);
}

const sha256 = (bytes, encoding) => createHash('sha256').update(bytes).digest(encoding);

function codeOf(zips, bucket) {
  return (name) => {
    const zip = zips.find((each) => each.name === name);
    return bucket === undefined ? `${name}.zip` : { S3Bucket: bucket, S3Key: objectKey(zip) };
  };
}

function filesOf(zips, template, { stage, release }) {
  const json = (value) => `${JSON.stringify(value, undefined, 2)}\n`;
  return {
    [`lastmile-${release ? version : stage}.template.json`]: json(template),
    ...Object.fromEntries(zips.map(({ name, zip }) => [`${name}.zip`, zip])),
    ...Object.fromEntries(zips.map(({ name, contents }) => [`${name}.contents.json`, json(contents)])),
  };
}

function write(out, files) {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(out, name), content);
  const sums = Object.entries(files).map(([name, content]) => `${sha256(content, 'hex')}  ${name}\n`);
  writeFileSync(join(out, checksums), sums.sort().join(''));
}

function report(zips) {
  const shown = 12;
  for (const { name, zip, contents } of zips) {
    const { startBytes, onDemandBytes, packages } = contents;
    console.log(`\n${name}.zip  ${size(zip.length)}, sha256 ${sha256(zip, 'base64')}`);
    console.log(`  ${size(startBytes)} loaded at a cold start, ${size(onDemandBytes)} on demand; at a cold start:`);
    for (const each of packages.slice(0, shown)) console.log(`  ${size(each.startBytes).padStart(10)}  ${each.name}`);
    const others = packages.slice(shown).reduce((sum, each) => sum + each.startBytes, 0);
    if (others > 0) console.log(`  ${size(others).padStart(10)}  ${packages.length - shown} others`);
  }
}

async function main(args) {
  const options = parse(args);
  if (options === undefined) return 2;
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const { stage, release, parameters, bucket, out } = options;
  try {
    const zips = await functionZips(functionNames());
    const code = codeOf(zips, bucket);
    const template = release
      ? await releaseTemplate(version, code)
      : await stackTemplate({ stage, parameters, codeOf: code });
    write(out, filesOf(zips, template, options));
    report(zips);
  } catch (error) {
    console.error(error.message);
    return 1;
  }
  console.log(`\npackaged ${relative(process.cwd(), out) || out}`);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
