/*
 * An esbuild plugin: leaves out the files of undici that a function never runs. Its pools speak only HTTP/1.1 (`allowH2: false`),
 * and they send only texts and buffers.
 *
 * Performance: these files are two thirds of undici's text, and the one for HTTP/2 loads `node:http2` when it is evaluated.
 *
 * Failure policy: if such a file is needed after all, the error names it, and the delivery counts as failed by a bug of ours. It
 * stays in its queue.
 */
const { sep } = require('node:path');

const absent = (file) => `throw new Error('The bundle has no undici/lib/${file}, because pools speak HTTP/1.1 and send texts and buffers.');`;

/** By the path of a file in undici's folder `lib`: its replacement. */
const replacements = {
  'dispatcher/client-h2.js': `module.exports = () => { ${absent('dispatcher/client-h2.js')} };`,
  // The parser that undici tries out. It is used only when the environment variable UNDICI_USE_MILO is set.
  'dispatcher/parser-h1.js': 'exports.getMiloEnabled = () => false;',
  // The parser for processors without SIMD. Every processor of Lambda has SIMD.
  'llhttp/llhttp-wasm.js': "module.exports = require('./llhttp_simd-wasm.js');",
  'web/fetch/body.js': absent('web/fetch/body.js'),
  'web/fetch/formdata.js': absent('web/fetch/formdata.js'),
  'web/webidl/index.js': absent('web/webidl/index.js'),
};

const unusedParts = {
  name: 'unused-parts',
  setup(build) {
    build.onLoad({ filter: /[\\/]undici[\\/]lib[\\/]/ }, ({ path }) => {
      const [, file = ''] = path.split(`${sep}undici${sep}lib${sep}`);
      const contents = replacements[file.replaceAll(sep, '/')];
      return contents === undefined ? undefined : { contents, loader: 'js' };
    });
  },
};

module.exports = { unusedParts };
