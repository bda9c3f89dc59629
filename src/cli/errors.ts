import type { Command } from 'commander';
import { errorCatalogue, errorReasons } from '../base/error-catalogue.ts';
import { attemptReasons } from '../base/transport.ts';
import type { Cli, HubOptions } from './cli.ts';
import { withExamples, withJson } from './cli.ts';
import { attemptReasonTexts, cliReasons } from './cli-reasons.ts';
import { inCliWords } from './cli-words.ts';
import { printJson } from './json.ts';
import { renderFacts, renderTable } from './table.ts';
import { UsageError } from './usage-error.ts';

/** Something that can be looked up. */
export interface ExplainedReason {
  readonly reason: string;
  /** Where it is met. */
  readonly kind: 'error of the hub' | 'error of the command line' | 'reason of an attempt';
  /** gRPC code; undefined for what is not a call's error. */
  readonly code?: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** Every reason there is: of the hub's errors, of the command line's own, of attempts. */
export function explainedReasons(): readonly ExplainedReason[] {
  return [
    ...errorReasons.map((reason) => ({
      reason,
      kind: 'error of the hub' as const,
      ...errorCatalogue[reason],
    })),
    ...Object.entries(cliReasons).map(([reason, text]) => ({
      reason,
      kind: 'error of the command line' as const,
      ...text,
    })),
    ...attemptReasons.map((reason) => ({
      reason,
      kind: 'reason of an attempt' as const,
      ...attemptReasonTexts[reason],
    })),
  ];
}

/** `switchyard errors lookup [REASON]`: what an error means and what to do; needs no hub. */
export function addErrors(program: Command, cli: Cli): void {
  const errors = program
    .command('errors')
    .description('Explains the errors of the hub and of this program, and why attempts end as they do.');
  withExamples(errors, ['switchyard errors lookup BREAKER_OPEN']);
  const command = errors
    .command('lookup')
    .alias('explain')
    .description(
      'Says what a reason means and what to do about it. Without one: lists them all. Needs no hub.',
    )
    .argument(
      '[reason]',
      'a reason such as BREAKER_OPEN or connect_refused, or a part of one, in either case',
    );
  withExamples(withJson(command), [
    'switchyard errors lookup OUTCOME_UNKNOWN',
    'switchyard errors lookup connect_refused',
    'switchyard errors lookup HUB_UNREACHABLE',
    'switchyard errors lookup',
  ]).action((text: string | undefined, _flags: unknown, self: Command) => {
    const found = text === undefined ? explainedReasons() : matching(text);
    if (self.optsWithGlobals<HubOptions>().json === true) {
      printJson(cli.terminal, { errors: found.map((reason) => ({ ...reason })) });
    } else if (text === undefined) {
      cli.terminal.print(
        renderTable(
          cli.terminal,
          ['reason', 'what it is', 'code', 'meaning'],
          found.map(({ reason, kind, code, meaning }) => [reason, kind, code ?? '', firstSentence(meaning)]),
        ),
      );
    } else {
      cli.terminal.print(found.map((reason) => explain(cli, reason)).join('\n\n'));
    }
  });
}

/** The reason of that name, else every one that holds the text. Throws UsageError when there is none. */
function matching(text: string): readonly ExplainedReason[] {
  const all = explainedReasons();
  const wanted = text.toUpperCase().replaceAll('-', '_');
  // CONNECT_FAILED is an error and connect_failed why an attempt failed: the way it is written decides, else both.
  const literal = all.filter(({ reason }) => reason === text);
  if (literal.length > 0) return literal;
  const exact = all.filter(({ reason }) => reason.toUpperCase() === wanted);
  const found =
    exact.length > 0
      ? exact
      : all.filter(({ reason }) => wanted !== '' && reason.toUpperCase().includes(wanted));
  if (found.length === 0) {
    throw new UsageError(
      `"${text}" is not a reason of the hub, of this program or of an attempt; list them all with \`switchyard errors lookup\``,
    );
  }
  return found;
}

function explain(cli: Cli, { reason, kind, code, meaning, remedy }: ExplainedReason): string {
  return renderFacts(cli.terminal, [
    ['reason', reason],
    ['what it is', kind],
    ['gRPC code', code ?? ''],
    ['meaning', inCliWords(meaning)],
    ['what to do', inCliWords(remedy)],
  ]);
}

function firstSentence(text: string): string {
  return /^.*?\.(?=\s|$)/.exec(text)?.[0] ?? text;
}
