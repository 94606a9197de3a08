/*
 * Writes the notices of third parties: each package whose code is in the zips of the functions or in the console, with its version and
 * licence, and the service models of AWS. A licence that several packages have word for word is printed once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Notice {
  readonly title: string;
  readonly text: string;
}

const line = '-'.repeat(80);

/**
 * @param sources the files of the bundles, relative to `root`
 * @throws Error for a package that names no licence
 */
export function thirdPartyNotices(sources: readonly string[], root: string): string {
  const folders = [...new Set(sources.flatMap((source) => packageFolder.exec(source)?.[0] ?? []))].sort();
  const notices = [...folders.map((folder) => packageIn(join(root, folder))), ...serviceModels(root)];
  const titles = new Map<string, string[]>();
  for (const { title, text } of notices) titles.set(text, [...(titles.get(text) ?? []), title]);
  const sections = [...titles].map(([text, of]) => `${line}\n${of.join('\n')}\n${line}\n\n${text}\n`);
  const introduction =
    "The zips of Lastmile's functions and its console contain code of these packages, and the package contains these service models.";
  return `${introduction}\n\n${sections.join('\n')}`;
}

/** The folder of the package that a file belongs to. If this package lies in the folder of another one, it is the inner folder. */
const packageFolder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

function packageIn(folder: string): Notice {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: unknown;
  };
  if (typeof license !== 'string') throw new Error(`The package ${name} names no licence in its package.json.`);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  const texts = files.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const text = texts.length === 0 ? 'The package has no file with the text of its licence.' : texts.join('\n\n');
  return { title: `${name} ${version} (${license})`, text };
}

/** A model names its own source and licence. */
function serviceModels(root: string): readonly Notice[] {
  const folder = join(root, 'lib', 'protocol', 'models');
  const text =
    'Copyright Amazon.com, Inc. or its affiliates. The text of the Apache License 2.0 is in the file LICENSE.';
  return readdirSync(folder)
    .sort()
    .map(
      (file) =>
        JSON.parse(readFileSync(join(folder, file), 'utf8')) as { readonly source: string; readonly license: string },
    )
    .filter(({ source }) => source.startsWith('botocore '))
    .map(({ source, license }) => ({ title: `${source} (${license}), shortened`, text }));
}
