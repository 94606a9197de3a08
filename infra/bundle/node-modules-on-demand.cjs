/*
 * An esbuild plugin: a bundle loads each of Node's own modules when it first uses one of its members, not when it starts.
 *
 * Performance: on Lambda a bundle never uses most of the modules that it imports from Node, such as those for credential files
 * and the terminal. But an ES module loads all its imports at once, and reads every getter on them: `import 'node:https'` loads
 * TLS (8 ms), and `import 'node:http'` loads the built-in fetch (20 ms). In the bundle, a getter replaces each member. This
 * works because esbuild prints each use of an imported member as `module.member`.
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

/** CommonJS, so that `import` and `require` both work. */
function source(name) {
  const module = load(`node:${name}`);
  const get = `process.getBuiltinModule('node:${name}')`;
  // An object cannot replace a module that is itself a function (stream, events, assert).
  if (typeof module === 'function') return `module.exports = ${get};`;
  // `default` is left out. Otherwise the importing code would use only `default` and ignore the other members.
  const members = Object.keys(module).filter((member) => member !== 'default');
  return `let loaded;
for (const member of '${members.join(' ')}'.split(' '))
  Object.defineProperty(exports, member, { enumerable: true, get: () => (loaded ??= ${get})[member] });`;
}

module.exports = { nodeModulesOnDemand };
