import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { JsonValue } from '@bufbuild/protobuf';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Delivery } from '#gen/switchyard/messaging/v1/delivery_pb.js';
import { SendMessageResponseSchema } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import type { SendMessageResponse } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import { timeoutMsOf, withExamples, withHub, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { batchMessages, messageMaker } from './batch-messages.ts';
import type { BatchMessageOptions } from './batch-messages.ts';
import { deliverySummary, deliveryTable } from './delivery-trace.ts';
import { describeFailure, exitCodes } from './failure.ts';
import type { HubClient } from './hub-client.ts';
import { messageToJson, printJson, printJsonLine } from './json.ts';
import { messageFromOptions, repeatSafetyOf, withMessage, withPayload } from './message-options.ts';
import { printReply, printReplyLine, replyJsonPayload } from './reply.ts';
import { answerGraceMs, sendBatch } from './send-batch.ts';
import { templateHelp } from './template.ts';
import { printable } from './terminal.ts';
import { UsageError } from './usage-error.ts';

interface SendOptions extends Omit<HubOptions, 'json'>, BatchMessageOptions {
  readonly returnRejections?: boolean;
  readonly trace?: boolean;
  readonly count?: string;
  readonly concurrency?: string;
  readonly rate?: string;
  readonly failFast?: boolean;
  readonly quiet?: boolean;
}

/** Most messages of one batch, and most of them under way at a time. */
const countMax = 1_000_000_000;
const concurrencyMax = 1_000;
/** Messages under way at a time with --rate. */
const concurrencyOfRate = 64;
/** Most messages that may start within a second. */
const perSecondMax = 100_000;

/** `switchyard send`: delivers a message and prints the reply, or many of them. */
export function addSend(program: Command, cli: Cli, outcome: { exitCode: number }): void {
  const command = withMessage(
    program
      .command('send')
      .description(
        'Sends a message and prints the reply; how it got there goes to standard error. With --count, --lines or --rate: many.',
      ),
  );
  withExamples(
    withTimeout(withPayload(command))
      .option('--return-rejections', "take a target's refusal or server error as a reply")
      .option('--trace', 'show every attempt, also when the first one went well')
      .option('--count <number>', 'send so many messages; with --lines: at most so many')
      .option('--lines', 'one message for each line of --data @FILE or of standard input (NDJSON)')
      .option('--rate <rate>', 'messages a second: 10, 10/s, 600/m; alone: until Ctrl-C')
      .option('--concurrency <number>', 'messages under way at a time (default: 1; with --rate 64)')
      .option('--fail-fast', 'end at the first failure')
      .option('--template', 'fill in placeholders, also for a single message')
      .option('--no-template', 'leave {{…}} alone')
      .option('-q, --quiet', 'print no replies, only the summary of many messages')
      .addOption(
        new Option('-o, --output <form>', 'the reply as text, or one document with reply and delivery')
          .choices(['text', 'json', 'yaml'])
          .default('text'),
      ),
    [
      `switchyard send system:echo --type greeting --json '{"hello": "world"}'`,
      'switchyard send --to-type ledger --type balance_query --kind query --timeout 2s --trace',
      'switchyard send capability:payments.book --type booking --json @booking.json --repeat-safety keyed',
      'switchyard send echo --type note -d "plain text" -o json',
      'cat report.csv | switchyard send echo --type report -d - --content-type text/csv',
      'switchyard send echo --type row --lines -d @rows.ndjson --concurrency 8 --quiet',
      `switchyard send echo --type tick --count 100 --rate 20/s --json '{"n": {{n}}, "id": "{{uuid}}"}'`,
    ],
  )
    .addHelpText('after', templateHelp)
    .action(async (target: string | undefined, _flags: unknown, self: Command) => {
      const options = self.optsWithGlobals<SendOptions>();
      if ([options.count, options.lines, options.rate].every((option) => option === undefined)) {
        if (
          options.concurrency !== undefined ||
          options.quiet !== undefined ||
          options.failFast !== undefined
        ) {
          throw new UsageError(
            '--concurrency, --fail-fast and --quiet are for many messages: add --count, --lines or --rate',
          );
        }
        await sendOne(cli, target, options);
      } else outcome.exitCode = await sendMany(cli, target, options);
    });
}

async function sendMany(cli: Cli, target: string | undefined, options: SendOptions): Promise<number> {
  const count = wholeNumber('--count', options.count, countMax);
  const messages = batchMessages(cli, { target, options, count });
  const { terminal } = cli;
  const asJson = isDocument(options);
  const quiet = options.quiet === true;
  const { json: _payload, ...hubOptions } = options;
  // A rate is kept although answers take their time; without one, the answers make the pace.
  const concurrency =
    wholeNumber('--concurrency', options.concurrency, concurrencyMax) ??
    (options.rate === undefined ? 1 : concurrencyOfRate);
  return withHub(cli, hubOptions, async (hub) => {
    const { report, exitCode, inputError } = await sendBatch(cli, hub, {
      messages,
      timeoutMs: timeoutMsOf(options),
      repeatSafety: repeatSafetyOf(options),
      returnRejections: options.returnRejections ?? false,
      concurrency,
      intervalMs: intervalOf(options.rate),
      failFast: options.failFast ?? false,
      onReply(n, response) {
        if (quiet) return;
        if (asJson) printJsonLine(terminal, { n, ...responseJson(response) });
        else printReplyLine(terminal, response.reply);
      },
      onFailure(n, { reason, code, message, metadata }) {
        if (quiet) return;
        if (asJson) printJsonLine(terminal, { n, error: { reason, code, message, metadata } });
        else terminal.remark(`message ${n}: ${reason}: ${printable(message)}`);
      },
    });
    if (inputError !== undefined && report.sent === 0) throw inputError;
    // Alone it is the result; beside replies it would be taken for one.
    if (quiet && asJson) printJson(terminal, report.json());
    else if (quiet) terminal.print(report.text());
    else terminal.remark(asJson ? JSON.stringify({ summary: report.json() }) : report.text());
    if (inputError !== undefined) throw inputError;
    return exitCode;
  });
}

function isDocument({ output, json }: SendOptions): boolean {
  return output === 'json' || output === 'yaml' || json === true;
}

function wholeNumber(option: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
  throw new UsageError(`${option} "${text}": write a whole number from 1 to ${max}`);
}

/** The time between two starts in ms that a rate such as `10`, `10/s` or `600/m` means; 0 without one. */
function intervalOf(rate: string | undefined): number {
  if (rate === undefined) return 0;
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(?:\/([smh]))?$/.exec(rate) ?? [];
  const perSecond = Number(number) / { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'];
  if (perSecond > 0 && perSecond <= perSecondMax) return 1000 / perSecond;
  throw new UsageError(
    `--rate "${rate}": write messages a second, minute or hour, such as 10, 10/s or 600/m; at most ${perSecondMax}/s`,
  );
}

async function sendOne(cli: Cli, target: string | undefined, options: SendOptions): Promise<void> {
  const asJson = isDocument(options);
  const message =
    options.template === true
      ? (await messageMaker(cli, { target, options, count: 1 }))(1, undefined)
      : await messageFromOptions(target, options);
  const timeoutMs = timeoutMsOf(options);
  const request = {
    message,
    timeout: durationFromMs(timeoutMs),
    repeatSafety: repeatSafetyOf(options),
    returnRejections: options.returnRejections ?? false,
  };
  const { json: _payload, ...hubOptions } = options;
  await withHub(cli, hubOptions, async (hub) => {
    const call = { ...hub.call, timeoutMs: timeoutMs + answerGraceMs };
    const response = await hub.messaging.sendMessage(request, call).catch(async (error: unknown) => {
      if (!asJson) await showFailedDelivery(cli, hub, message.id, error);
      throw error;
    });
    if (asJson) printJson(cli.terminal, responseJson(response));
    else {
      printReply(cli.terminal, response.reply);
      if (response.delivery !== undefined) showDelivery(cli, response.delivery, options.trace ?? false);
    }
  });
}

/** One line when the first attempt went well, else every attempt. */
function showDelivery(cli: Cli, delivery: Delivery, wantsTrace: boolean): void {
  cli.terminal.remark(deliverySummary(delivery));
  if (wantsTrace || delivery.attempts.length > 1) showAttempts(cli, delivery);
}

function showAttempts(cli: Cli, delivery: Delivery): void {
  const table = deliveryTable(cli.terminal, delivery);
  if (table !== '') cli.terminal.remark(table);
}

/** The hub keeps the trace of a delivery that failed; it is shown when it can be had. */
async function showFailedDelivery(
  cli: Cli,
  hub: HubClient,
  deliveryId: string,
  error: unknown,
): Promise<void> {
  const { exitCode, violations } = describeFailure(error, hub.url);
  if (exitCode !== exitCodes.hubError || violations.length > 0) return;
  try {
    const { delivery } = await hub.messaging.getDelivery({ deliveryId }, hub.call);
    if (delivery !== undefined) showAttempts(cli, delivery);
  } catch {
    // The trace is an extra: a refusal before any attempt has none, and the failure itself is shown in any case.
  }
}

function responseJson(response: SendMessageResponse): Record<string, JsonValue> {
  const document = messageToJson(SendMessageResponseSchema, response) as Record<string, JsonValue>;
  const payload = response.reply === undefined ? undefined : replyJsonPayload(response.reply);
  const reply = document['reply'];
  if (payload === undefined || typeof reply !== 'object' || reply === null || Array.isArray(reply))
    return document;
  const { data: _data, ...rest } = reply;
  return { ...document, reply: { ...rest, json: payload } };
}
