import { Argument } from 'commander';
import type { Command } from 'commander';
import { withExamples } from './cli.ts';
import type { Cli } from './cli.ts';
import { completionScripts } from './completion-scripts.ts';
import type { Shell } from './completion-scripts.ts';
import { completions } from './completion-tree.ts';
import { completionValues } from './completion-values.ts';

/**
 * `switchyard completion SHELL` prints the script for a shell; the script asks `switchyard __complete WORDS…`, which looks
 * at the commands themselves, so that nothing has to be kept in step. (@bomb.sh/tab does the same, but is 0.0.x and knows
 * no values of positional arguments below a parent command; its whole use here would be 60 lines.)
 */
export function addCompletion(program: Command, cli: Cli): void {
  const shells = Object.keys(completionScripts) as Shell[];
  const command = program
    .command('completion')
    .description('Prints a script that completes commands, options, ids of systems and more in a shell.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText(
      'after',
      `
To have it in every new shell:
  bash   echo 'source <(switchyard completion bash)' >> ~/.bashrc
  zsh    echo 'source <(switchyard completion zsh)' >> ~/.zshrc     (after compinit)
  fish   switchyard completion fish > ~/.config/fish/completions/switchyard.fish`,
    );
  withExamples(command, [
    'source <(switchyard completion bash)',
    'switchyard completion fish > ~/.config/fish/completions/switchyard.fish',
  ]).action((shell: Shell) => cli.terminal.print(completionScripts[shell]));

  program
    .command('__complete', { hidden: true })
    .description('Prints what may stand in place of the last word, one a line, with what it is after a tab.')
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: readonly string[]) => {
      for (const { value, about } of await completions(program, words, completionValues(cli))) {
        cli.terminal.print(about === '' ? value : `${value}\t${about}`);
      }
    });
}
