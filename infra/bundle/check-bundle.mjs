/*
 * Bundles every function in memory, and fails if any of them is over one of its budgets of bytes.
 *
 *   node infra/bundle/check-bundle.mjs [file of budgets, default infra/bundle/bundle-budget.json]
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundle } from './bundle.cjs';
import { bundleContents, overBudget } from './contents.cjs';
import { functions } from '../template/functions.cjs';

const root = join(import.meta.dirname, '..', '..');
const [budgetFile = join(import.meta.dirname, 'bundle-budget.json')] = process.argv.slice(2);
const budgets = JSON.parse(await readFile(budgetFile, 'utf8'));
const names = Object.keys(functions);

const faults = await Promise.all(
  names.map(async (name) => {
    const folder = `.build/${name}`;
    const { metafile } = await bundle({ root, handlerFile: `functions/${name}.ts`, folder, write: false });
    return overBudget(name, bundleContents(metafile), budgets);
  }),
);
for (const fault of faults) if (fault !== undefined) console.error(fault);
process.exitCode = faults.every((fault) => fault === undefined) ? 0 : 1;
