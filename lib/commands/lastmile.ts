import { runLastmile } from './subcommands.ts';

process.exitCode = await runLastmile(process.argv.slice(2));
