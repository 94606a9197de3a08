/*
 * Reads serverless.yml without osls. The file stays the one description of the stack, for osls and for `lastmile deploy`.
 *
 * It replaces the variables that serverless.yml and infra/environment.yml use: `${param:name}`, `${sls:stage}`, `${opt:region}`,
 * `${env:NAME}`, `${file(path)}` and `${file(path):member}`, each with alternatives after commas. A file may be YAML, or a CommonJS
 * file that exports an object or a function, as osls loads it. Everything else is refused, so that no variable of osls is
 * misread.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const yaml = require('js-yaml');

const root = join(__dirname, '..', '..');

class UnknownVariable extends Error {
  constructor(source) {
    super(`serverless.yml uses the variable \${${source}}, which only osls can replace.`);
    this.name = 'UnknownVariable';
  }
}

function readFile() {
  return yaml.load(readFileSync(join(root, 'serverless.yml'), 'utf8'));
}

/** The names of the functions in serverless.yml. */
function functionNames() {
  return Object.keys(readFile().functions);
}

/** The stage parameters in serverless.yml: the defaults, and those of the stage's own block. */
function stageParameters(stage) {
  const { params } = readFile();
  return { defaults: params.default, ofStage: params[stage] ?? {} };
}

/**
 * @param {{ stage: string, parameters: Readonly<Record<string, unknown>> }} given parameters replace those of serverless.yml
 * @returns the service with all variables replaced
 * @throws ParameterError that names every bad parameter
 */
async function readService({ stage, parameters }) {
  const { params, plugins: _, ...service } = readFile();
  const values = { ...params.default, ...params[stage], ...parameters };
  const unknown = Object.keys(parameters).filter((name) => !(name in params.default));
  if (unknown.length > 0) throw new Error(`There is no parameter ${unknown.join(', ')}. There are ${Object.keys(params.default).join(', ')}.`);
  return await replaced(service, { stage, values });
}

async function replaced(value, context) {
  if (typeof value === 'string') return await replacedText(value, context);
  if (Array.isArray(value)) return await Promise.all(value.map((member) => replaced(member, context)));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(async ([name, member]) => [name, await replaced(member, context)]);
  return Object.fromEntries(await Promise.all(members));
}

/** Variables in the form of osls. Others, such as `${AWS::Region}` and `${Table.Arn}`, are for CloudFormation. */
const variable = /\$\{([a-z]+[:(][^{}]*)\}/g;

async function replacedText(text, context) {
  const whole = /^\$\{([a-z]+[:(][^{}]*)\}$/.exec(text);
  if (whole !== null) return await resolveVariable(whole[1], context);
  const sources = [...text.matchAll(variable)].map(([, source]) => source);
  const values = await Promise.all(sources.map((source) => resolveVariable(source, context)));
  return text.replaceAll(variable, () => String(values.shift()));
}

/** The first alternative that has a value. */
async function resolveVariable(source, context) {
  for (const alternative of source.split(/, */)) {
    const value = await resolveOne(alternative.trim(), context);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

async function resolveOne(source, context) {
  const [, text] = /^'(.*)'$/.exec(source) ?? [];
  if (text !== undefined) return text;
  if (source === 'sls:stage') return context.stage;
  const [, kind, name] = /^(param|opt|env):(\w+)$/.exec(source) ?? [];
  if (kind === 'param') return context.values[name];
  if (kind !== undefined) return undefined;
  const [, path, member] = /^file\(([\w./-]+)\)(?::(\w+))?$/.exec(source) ?? [];
  if (path === undefined) throw new UnknownVariable(source);
  const content = await contentOf(join(root, path), context);
  return await replaced(member === undefined ? content : content[member], context);
}

async function contentOf(path, context) {
  if (path.endsWith('.yml')) return yaml.load(readFileSync(path, 'utf8'));
  const exported = require(path);
  if (typeof exported !== 'function') return exported;
  return await exported({ resolveVariable: (source) => resolveVariable(source, context) });
}

module.exports = { functionNames, readService, stageParameters };
