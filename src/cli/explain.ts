import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import { RoutePlanSchema } from '#gen/switchyard/messaging/v1/route_plan_pb.js';
import { isWide, parseTimeout, withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { drawPlan } from './explain-picture.ts';
import { messageToJson, printJson } from './json.ts';
import { messageFromOptions, repeatSafetyOf, withMessage, withQuestion } from './message-options.ts';
import type { MessageOptions } from './message-options.ts';
import type { PayloadOptions } from './payload.ts';

/** `switchyard explain`: what `send` would do, and why. */
export function addExplain(program: Command, cli: Cli): void {
  const command = withQuestion(
    withMessage(
      program
        .command('explain')
        .description(
          'Draws what the hub would do with a message: policy, limits, whom it would ask in which order, and what happens when that fails. Sends nothing.',
        ),
    ),
  );
  withExamples(withJson(withTimeout(command), undefined, { wide: true }), [
    'switchyard explain type:cmc --type data_request --kind query',
    'switchyard explain type:cmc --type data_request --kind query -o wide',
    'switchyard explain ledger_1 --type booking --source shop --header tenant=acme -d @booking.json',
    'switchyard explain --to-capability payments.read --type balance_query --json',
  ]).action(async (target: string | undefined, _flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<MessageOptions & PayloadOptions & HubOptions>();
    const message = await messageFromOptions(target, { ...options, json: false });
    const timeoutMs = parseTimeout(options);
    const { plan } = await withHub(cli, options, (hub) =>
      hub.messaging.explainRoute(
        {
          message,
          repeatSafety: repeatSafetyOf(options),
          ...(timeoutMs !== undefined && { timeout: durationFromMs(timeoutMs) }),
        },
        hub.call,
      ),
    );
    if (plan === undefined) throw new Error('the hub answered without a plan');
    if (options.json === true) printJson(cli.terminal, messageToJson(RoutePlanSchema, plan));
    else cli.terminal.print(drawPlan(cli.terminal, { message, plan }, { whole: isWide(options) }));
  });
}
