import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder of package.json: the sources and the built files are both two folders below it. */
const packageFolder = join(import.meta.dirname, '..', '..');

/** The zips of the functions in an installed package. */
export const packagedCode = join(packageFolder, 'dist', 'functions');

export type StageParameters = Readonly<Record<string, string | number | boolean>>;

interface StackTemplate {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: unknown }>>;
}

/**
 * The template that `lastmile deploy` deploys.
 *
 * @throws Error that names every bad parameter
 */
export function stackTemplate(stage: string, parameters: StageParameters): StackTemplate {
  const script = join(packageFolder, 'infra', 'template', 'print-template.cjs');
  const args = [script, JSON.stringify({ stage, parameters })];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 16_777_216 });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as StackTemplate;
}

/** The logical ids of the functions, with their names in serverless.yml. */
export function functionsIn({ Resources }: StackTemplate): readonly (readonly [logicalId: string, name: string])[] {
  return Object.entries(Resources).flatMap(([logicalId, { Type, Properties }]) =>
    Type === 'AWS::Lambda::Function'
      ? [[logicalId, (Properties as { Code: { S3Key: string } }).Code.S3Key] as const]
      : [],
  );
}

/** @throws Error that says how to make the zip */
export function zipIn(folder: string, name: string): string {
  const path = join(folder, `${name}.zip`);
  if (existsSync(path)) return path;
  throw new Error(
    `${folder} has no ${name}.zip. Use the zips of an installed package, or make them with 'lastmile package' and name the folder in codeFolder.`,
  );
}

/** Writes the template into a file, calls `use` with the path of the file, and removes the file. */
export function withFileOf<Result>(template: StackTemplate, use: (file: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'lastmile-template-'));
  try {
    const file = join(folder, 'lastmile.template.json');
    writeFileSync(file, JSON.stringify(template));
    return use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
