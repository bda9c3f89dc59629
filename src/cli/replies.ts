import type { Command } from 'commander';
import { InvalidateRepliesResponseSchema } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import { collect, withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { messageToJson, printJson } from './json.ts';
import { parseTarget } from './target-argument.ts';

interface InvalidateOptions extends HubOptions {
  readonly type?: readonly string[];
  readonly all?: boolean;
}

/** `switchyard replies`: replies that the hub keeps to give them again. */
export function addReplies(program: Command, cli: Cli): void {
  const replies = program
    .command('replies')
    .description('Replies that the hub keeps to give them again: the reply cache and the last good ones.');
  withExamples(replies, ['switchyard replies invalidate --all']);
  const invalidate = replies
    .command('invalidate')
    .description('Forgets replies, so that the next question goes to its target.')
    .argument(
      '[target]',
      'only replies to messages to it: system:ID, type:TYPE or capability:NAME, as they named it',
    )
    .option(
      '--type <message-type>',
      'only replies to messages of this type (repeatable: any of them)',
      collect,
    )
    .option('--all', 'every reply');
  withExamples(withJson(withTimeout(invalidate)), [
    'switchyard replies invalidate type:ledger',
    'switchyard replies invalidate type:ledger --type balance_query --type rate_query',
    'switchyard replies invalidate --all',
  ]).action(async (target: string | undefined, _flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<InvalidateOptions>();
    const request = {
      messageTypes: [...(options.type ?? [])],
      all: options.all ?? false,
      ...(target !== undefined && { target: parseTarget(target) }),
    };
    const answer = await withHub(cli, options, (hub) => hub.resilience.invalidateReplies(request, hub.call));
    if (options.json === true) {
      printJson(cli.terminal, messageToJson(InvalidateRepliesResponseSchema, answer));
      return;
    }
    const { forgotten } = answer;
    cli.terminal.print(forgotten === 1 ? 'Forgot 1 reply.' : `Forgot ${forgotten} replies.`);
  });
}
