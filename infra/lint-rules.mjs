/*
 * The project's own lint rules.
 *
 * `no-current-time`: `new Date()` and `Date()` read the clock, `new Date(ms)` does not. `layers`: resolves each import to a
 * path and compares the layers of both files. So the files of a layer may be in subfolders.
 */
import { dirname, join, relative } from 'node:path';

const readsClock = (node) => node.callee.type === 'Identifier' && node.callee.name === 'Date';

const noCurrentTime = {
  create(context) {
    const refuse = (node) => context.report({ node, message: 'Take the time as an argument, or from the Clock port.' });
    return {
      NewExpression(node) {
        if (readsClock(node) && node.arguments.length === 0) refuse(node);
      },
      CallExpression(node) {
        if (readsClock(node)) refuse(node);
      },
    };
  },
};

const deployed = [
  'core',
  'ports',
  'config',
  'delivery',
  'control',
  'resources',
  'protocol',
  'adapters',
  'wiring',
  'manifest',
];
const runnable = [...deployed, 'functions', 'console-api', 'console', 'local', 'commands'];

/**
 * A file belongs to the first layer whose `path` matches. `imports` lists the layers that it may import. Without `packages`,
 * it may import any package.
 */
const layers = [
  { name: 'core', path: /^lib\/core\//, imports: ['core'], packages: /^(ipaddr\.js|node:(crypto|zlib|buffer))$/ },
  { name: 'ports', path: /^lib\/ports\//, imports: ['core', 'ports'], packages: /^$/ },
  { name: 'config', path: /^lib\/config\.ts$/, imports: ['core'], packages: /^$/ },
  { name: 'delivery', path: /^lib\/delivery\//, imports: ['core', 'ports', 'delivery'], packages: /^$/ },
  { name: 'control', path: /^lib\/control\//, imports: ['core', 'ports', 'control'], packages: /^$/ },
  {
    name: 'resources',
    path: /^lib\/resources\//,
    imports: ['core', 'ports', 'resources'],
    packages: /^node:(buffer|crypto)$/,
  },
  {
    name: 'protocol',
    path: /^lib\/protocol\//,
    imports: ['core', 'ports', 'protocol'],
    packages: /^node:(buffer|crypto)$/,
  },
  { name: 'adapters', path: /^lib\/adapters\//, imports: ['core', 'ports', 'adapters'] },
  {
    name: 'wiring',
    path: /^functions\/(wiring|aws-on-demand|store-adapters|client-adapters|queue-adapters|invocation|control-operations|dead-letters|kept-events|state-events|state-event-calls|entry|logged|authentication)\.ts$/,
    imports: deployed,
  },
  { name: 'functions', path: /^functions\//, imports: deployed },
  {
    name: 'cdk',
    path: /^lib\/cdk\//,
    imports: ['cdk'],
    packages: /^(aws-cdk-lib(\/.*)?|constructs|node:(child_process|fs|os|path))$/,
  },
  { name: 'builders', path: /^lib\/events\//, imports: ['core', 'builders'], packages: /^node:crypto$/ },
  { name: 'testing', path: /^lib\/testing\//, imports: ['builders', 'testing'], packages: /^(node:.*|vitest)$/ },
  { name: 'console-api', path: /^lib\/console\/api\//, imports: ['console-api'], packages: /^$/ },
  {
    name: 'console-page',
    path: /^lib\/console\/page\//,
    imports: ['console-api', 'console-page', 'events'],
    packages: /^(react(-dom(\/client)?)?|@cloudscape-design\/.+|@aws-sdk\/client-(appsync|eventbridge))$/,
  },
  {
    name: 'console',
    path: /^lib\/console\/(door|files)\//,
    imports: ['core', 'console-api', 'console'],
    packages: /^(node:.+|esbuild)$/,
  },
  { name: 'local', path: /^lib\/local\//, imports: [...deployed, 'functions', 'console-api', 'console', 'local'] },
  {
    name: 'adopt',
    path: /^lib\/adopt\//,
    imports: ['core', 'ports', 'adopt'],
    packages: /^(node:(crypto|fs|path)|@aws-sdk\/client-eventbridge)$/,
  },
  { name: 'commands', path: /^lib\/commands\//, imports: [...runnable, 'adopt', 'builders', 'events'] },
  { name: 'soak', path: /^soak\//, imports: [...runnable, 'soak'] },
  { name: 'manifest', path: /^package\.json$/ },
  { name: 'events', path: /^test\/events\// },
];

const layerOf = (path) => layers.find((layer) => layer.path.test(path));

const layerRule = {
  create(context) {
    const file = relative(context.cwd, context.filename).replaceAll('\\', '/');
    const layer = layerOf(file);
    if (layer?.imports === undefined) return {};
    const allowed = (specifier) => {
      if (!specifier.startsWith('.')) return layer.packages?.test(specifier) ?? true;
      return layer.imports.includes(layerOf(join(dirname(file), specifier).replaceAll('\\', '/'))?.name);
    };
    const check = ({ source }) => {
      if (source?.type !== 'Literal' || allowed(source.value)) return;
      const message = `Layer ${layer.name} imports ${layer.imports.join(', ')} only, not '${source.value}'.`;
      context.report({ node: source, message });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    };
  },
};

export default { meta: { name: 'lastmile' }, rules: { 'no-current-time': noCurrentTime, layers: layerRule } };
