/*
 * An esbuild plugin: a bundle loads each of Node's own modules when it first uses one of its members, not when it starts.
 *
 * Performance: an ES module's `import 'node:https'` loads TLS at once (8 ms) and builds a facade that reads every getter of
 * the module, `import 'node:http'` with it the built-in fetch (20 ms). Most of what a bundle imports from Node it never uses
 * on Lambda: the credential files, the terminal, the console. esbuild prints an imported member as `module.member`, so
 * getters keep the binding.
 */
const { builtinModules, createRequire } = require('node:module');

const load = createRequire(__filename);
const names = builtinModules.filter((name) => !name.startsWith('_')).map((name) => name.replace(/^node:/, ''));
const filter = new RegExp(`^(?:node:)?(?:${names.join('|')})$`);

const nodeModulesOnDemand = {
  name: 'node-modules-on-demand',
  setup(build) {
    build.onResolve({ filter }, ({ path }) => ({
      path: path.replace(/^node:/, ''),
      namespace: 'node',
      sideEffects: false,
    }));
    build.onLoad({ filter: /^/, namespace: 'node' }, ({ path }) => ({ contents: source(path), loader: 'js' }));
  },
};

/** CommonJS, so that both ways of importing it work. */
function source(name) {
  const module = load(`node:${name}`);
  const get = `process.getBuiltinModule('node:${name}')`;
  // What is itself a function (stream, events, assert) cannot be stood for by an object.
  if (typeof module === 'function') return `module.exports = ${get};`;
  // `default` is the facade's; an interop that finds it would not look at the others.
  const members = Object.keys(module).filter((member) => member !== 'default');
  return `let loaded;
for (const member of '${members.join(' ')}'.split(' '))
  Object.defineProperty(exports, member, { enumerable: true, get: () => (loaded ??= ${get})[member] });`;
}

module.exports = { nodeModulesOnDemand };
