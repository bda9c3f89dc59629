import { Argument } from 'commander';
import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { withExamples } from './cli.ts';
import type { Cli } from './cli.ts';

/** `switchyard schema`: JSON Schemas of the files that people write, for completion and checks in editors. */
export function addSchema(program: Command, cli: Cli): void {
  const command = program
    .command('schema')
    .description('Prints the JSON Schema of catalog files or of the configuration file, for editors.')
    .addArgument(new Argument('<file>', 'which file').choices(['catalog', 'config']));
  withExamples(command, [
    'switchyard schema catalog > catalog.schema.json',
    'switchyard schema config > config.schema.json',
  ]).action(async (name: string) => {
    // src/cli and dist/cli lie equally deep in the package.
    const url = new URL(`../../gen/schemas/${name}.schema.json`, import.meta.url);
    cli.terminal.print((await readFile(url, 'utf8')).trimEnd());
  });
}
