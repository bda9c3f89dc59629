import type { Command } from 'commander';
import { errorCatalogue, errorReasons } from '../base/error-catalogue.ts';
import type { ErrorReason } from '../base/error-catalogue.ts';
import type { Cli, HubOptions } from './cli.ts';
import { withExamples, withJson } from './cli.ts';
import { printJson } from './json.ts';
import { renderFacts, renderTable } from './table.ts';
import { UsageError } from './usage-error.ts';

/** `switchyard errors lookup [REASON]`: what an error means and what to do; needs no hub. */
export function addErrors(program: Command, cli: Cli): void {
  const errors = program.command('errors').description('Explains the errors of the hub.');
  const command = errors
    .command('lookup')
    .description(
      'Says what a reason means and what to do about it. Without one: lists them all. Needs no hub.',
    )
    .argument('[reason]', 'a reason such as BREAKER_OPEN, or a part of one, in either case');
  withExamples(withJson(command), [
    'switchyard errors lookup OUTCOME_UNKNOWN',
    'switchyard errors lookup',
  ]).action((text: string | undefined, _flags: unknown, self: Command) => {
    const reasons = text === undefined ? errorReasons : matching(text);
    if (self.optsWithGlobals<HubOptions>().json === true) {
      printJson(cli.terminal, {
        errors: reasons.map((reason) => ({ reason, ...errorCatalogue[reason] })),
      });
    } else if (text === undefined) {
      cli.terminal.print(
        renderTable(
          cli.terminal,
          ['reason', 'code', 'meaning'],
          reasons.map((reason) => [
            reason,
            errorCatalogue[reason].code,
            firstSentence(errorCatalogue[reason].meaning),
          ]),
        ),
      );
    } else {
      cli.terminal.print(reasons.map((reason) => explain(cli, reason)).join('\n\n'));
    }
  });
}

/** The reason of that name, else every one that holds the text. Throws UsageError when there is none. */
function matching(text: string): readonly ErrorReason[] {
  const wanted = text.toUpperCase().replaceAll('-', '_');
  const exact = errorReasons.filter((reason) => reason === wanted);
  const found =
    exact.length > 0 ? exact : errorReasons.filter((reason) => wanted !== '' && reason.includes(wanted));
  if (found.length === 0) {
    throw new UsageError(
      `"${text}" is not a reason of the hub; list them all with \`switchyard errors lookup\``,
    );
  }
  return found;
}

function explain(cli: Cli, reason: ErrorReason): string {
  const { code, meaning, remedy } = errorCatalogue[reason];
  return renderFacts(cli.terminal, [
    ['reason', reason],
    ['gRPC code', code],
    ['meaning', meaning],
    ['what to do', remedy],
  ]);
}

function firstSentence(text: string): string {
  return /^.*?\.(?=\s|$)/.exec(text)?.[0] ?? text;
}
