/*
 * `npm run package`: makes the files that a deployment uploads, without AWS credentials and without a network.
 *
 * If SOURCE_DATE_EPOCH is not set, the template's time is the time of the commit, so that everybody who packages the commit
 * gets the same bytes. If there are uncommitted changes, the template's time is the current time.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { devNull } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { kilobytes as size } from './bundle/bundle.cjs';

const usage = `Bundles and packages every function for a stage, without AWS credentials and without a network.

  npm run package -- [--stage dev] [--region us-east-1] [--out .build/package/<stage>]

  --stage <stage>       stage of the stack (default: dev)
  --region <region>     region (default: AWS_REGION, AWS_DEFAULT_REGION or us-east-1)
  --out <folder>        output folder, which is emptied first (default: .build/package/<stage>)
  --param <name=value>  parameter of the stage, as sls takes it; may be given several times
  --help                show this text

The folder then has the CloudFormation template, a zip for each function and a list of the zip's contents.
'npx sls deploy --stage <stage> --package <folder>' deploys it. Exit status: 0 packaged, 1 failed, 2 wrong usage.`;

const root = join(import.meta.dirname, '..');

function parse(args) {
  const text = { type: 'string' };
  const options = {
    stage: text,
    region: text,
    out: text,
    param: { type: 'string', multiple: true },
    help: { type: 'boolean' },
  };
  try {
    const { values } = parseArgs({ args, options });
    if (values.help) return { help: true };
    const { stage = 'dev', region, param = [] } = values;
    if (!/^[a-z0-9-]+$/.test(stage)) throw new Error('--stage must be lower case letters, digits and hyphens.');
    const out = resolve(root, values.out ?? join('.build', 'package', stage));
    // The default folder can contain only files of an earlier run, even if that run was interrupted.
    const isOurs = values.out === undefined || mayBeEmptied(out);
    if (!isOurs) throw new Error(`--out is emptied first, but ${out} contains other files. Choose another folder.`);
    return { stage, region, out, param };
  } catch (error) {
    console.error(`${error.message.split('\n')[0].replace(/\.?$/, '.')} See npm run package -- --help.`);
    return undefined;
  }
}

/** Whether the folder contains only files that an earlier run made. */
function mayBeEmptied(folder) {
  if (!existsSync(folder)) return true;
  const files = statSync(folder).isDirectory() ? readdirSync(folder) : [folder];
  return files.length === 0 || files.includes('serverless-state.json');
}

/** The time for the template, in seconds since 1970. */
function commitTime() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  const { status, stdout } = git('status', '--porcelain');
  const committed = status === 0 && stdout === '' ? git('log', '-1', '--format=%ct').stdout.trim() : '';
  return committed === '' ? {} : { SOURCE_DATE_EPOCH: committed };
}

/** The environment without the shell's AWS settings, so that osls neither finds credentials nor searches for them. */
function environment() {
  const regions = ['AWS_REGION', 'AWS_DEFAULT_REGION'];
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_') || regions.includes(name));
  return {
    ...commitTime(),
    ...Object.fromEntries(ours),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    SLS_TELEMETRY_DISABLED: '1',
    SLS_NOTIFICATIONS_MODE: 'off',
  };
}

function runOsls({ stage, region, out, param }) {
  const osls = createRequire(import.meta.url).resolve('osls/bin/serverless.js');
  const flags = ['--stage', stage, '--package', out, ...(region === undefined ? [] : ['--region', region])];
  for (const each of param) flags.push('--param', each);
  const { status } = spawnSync(process.execPath, [osls, 'package', ...flags], {
    cwd: root,
    env: environment(),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status;
}

/** Writes each bundle's contents beside its zip, and prints a summary. */
function reportContents(out) {
  const shown = 12;
  for (const zip of readdirSync(out).filter((file) => file.endsWith('.zip'))) {
    const name = zip.slice(0, -'.zip'.length);
    const file = join(out, `${name}.contents.json`);
    copyFileSync(join(root, '.build', `${name}.contents.json`), file);
    const { startBytes, onDemandBytes, packages } = JSON.parse(readFileSync(file, 'utf8'));
    const bytes = readFileSync(join(out, zip));
    const sha256 = createHash('sha256').update(bytes).digest('base64');
    console.log(`\n${zip}  ${size(bytes.length)}, sha256 ${sha256}`);
    console.log(`  ${size(startBytes)} loaded at a cold start, ${size(onDemandBytes)} on demand; at a cold start:`);
    for (const each of packages.slice(0, shown)) console.log(`  ${size(each.startBytes).padStart(10)}  ${each.name}`);
    const others = packages.slice(shown).reduce((sum, each) => sum + each.startBytes, 0);
    if (others > 0) console.log(`  ${size(others).padStart(10)}  ${packages.length - shown} others`);
  }
}

function main(args) {
  const options = parse(args);
  if (options === undefined) return 2;
  if (options.help) {
    console.log(usage);
    return 0;
  }
  rmSync(options.out, { recursive: true, force: true });
  mkdirSync(options.out, { recursive: true });
  if (runOsls(options) !== 0) return 1;
  reportContents(options.out);
  console.log(`\npackaged ${relative(process.cwd(), options.out) || options.out}`);
  return 0;
}

process.exitCode = main(process.argv.slice(2));
