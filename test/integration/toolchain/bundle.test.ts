import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';

interface Output {
  readonly bytes: number;
  readonly entryPoint?: string;
  readonly imports: readonly { readonly kind: string; readonly path: string }[];
  readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>;
}
type Outputs = Readonly<Record<string, Output>>;

const repository = join(import.meta.dirname, '..', '..', '..');
const { bundle } = createRequire(import.meta.url)('../../../infra/bundle/bundle.cjs') as {
  bundle(options: object): Promise<{ readonly metafile: { readonly outputs: Outputs } }>;
};
let outputs: Outputs;

beforeAll(async () => {
  const options = { root: repository, handlerFile: 'functions/deliver.ts', folder: '.build/deliver', write: false };
  outputs = (await bundle(options)).metafile.outputs;
});

test('a cold start of deliver loads no logger, no AWS client and no HTTP client', () => {
  const loaded = loadedWith(/^functions\/deliver\.ts$/);
  expect(loaded.filter((input) => /@aws-lambda-powertools|@middy|@aws-sdk|@smithy|undici/.test(input))).toEqual([]);
  expect(loaded).toContain('functions/wiring.ts');
});

test('a first delivery loads no AWS client', () => {
  const loaded = [
    ...loadedWith(/^functions\/store-adapters\.ts$/),
    ...loadedWith(/undici\/lib\/dispatcher\/pool\.js$/),
  ];
  expect(loaded.filter((input) => /@aws-sdk|@smithy/.test(input))).toEqual([]);
  expect(loaded).toContain('lib/adapters/aws/json-calls.ts');
});

test('a bundle has nothing of undici for HTTP/2, for other parsers, or for bodies that are neither text nor bytes', () => {
  const bytesOf = (file: string) =>
    Object.values(outputs).reduce(
      (sum, { inputs }) => sum + (inputs[`node_modules/undici/lib/${file}`]?.bytesInOutput ?? 0),
      0,
    );
  const unused = ['client-h2.js', 'parser-h1.js'].map((file) => `dispatcher/${file}`);
  for (const file of [...unused, 'llhttp/llhttp-wasm.js', 'web/fetch/body.js', 'web/fetch/formdata.js']) {
    expect([file, bytesOf(file) < 300]).toEqual([file, true]);
  }
  const used = Object.values(outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((input) => bytes(inputs, input) > 300),
  );
  expect(used.filter((input) => /undici\/lib\/(?:milo|web|encoding)\//.test(input))).toEqual([]);
  expect(bytesOf('llhttp/llhttp_simd-wasm.js')).toBeGreaterThan(10_000);
});

function bytes(inputs: Output['inputs'], input: string): number {
  return inputs[input]?.bytesInOutput ?? 0;
}

/** The source files of the output with this entry point, and of all that it imports. */
function loadedWith(entryPoint: RegExp): string[] {
  const waiting = Object.keys(outputs).filter((file) => entryPoint.test(outputs[file]?.entryPoint ?? ''));
  const files = new Set<string>();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const { imports = [] } = outputs[file] ?? {};
    waiting.push(
      ...imports.filter(({ kind, path }) => kind === 'import-statement' && path in outputs).map(({ path }) => path),
    );
  }
  return [...files].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));
}
