import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { JsonValue } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import type { Delivery } from '#gen/switchyard/messaging/v1/delivery_pb.js';
import { SendMessageResponseSchema } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import type { SendMessageResponse } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import { timeoutMsOf, withExamples, withHub, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { deliverySummary, deliveryTable } from './delivery-trace.ts';
import { describeFailure, exitCodes } from './failure.ts';
import type { HubClient } from './hub-client.ts';
import { messageToJson, printJson } from './json.ts';
import { messageFromOptions, repeatSafetyOf, withMessage, withPayload } from './message-options.ts';
import type { MessageOptions, PayloadOptions } from './message-options.ts';
import { printReply, replyJsonPayload } from './reply.ts';
import { UsageError } from './usage-error.ts';

interface SendOptions extends Omit<HubOptions, 'json'>, MessageOptions, PayloadOptions {
  readonly returnRejections?: boolean;
  readonly trace?: boolean;
  readonly output?: string;
}

/** The hub answers by itself when the message's time is up; the call waits this much longer for that answer. */
const answerGraceMs = 1_000;

/** `switchyard send`: delivers a message and prints the reply. */
export function addSend(program: Command, cli: Cli): void {
  const command = withMessage(
    program
      .command('send')
      .description('Sends a message and prints the reply; how it got there goes to standard error.'),
  );
  withExamples(
    withTimeout(withPayload(command))
      .option('--return-rejections', "take a target's refusal or server error as a reply")
      .option('--trace', 'show every attempt, also when the first one went well')
      .option('-o, --output <form>', 'text or json (one document with reply and delivery)', 'text'),
    [
      `switchyard send system:echo --type greeting --json '{"hello": "world"}'`,
      'switchyard send --to-type ledger --type balance_query --kind query --timeout 2s --trace',
      'switchyard send capability:payments.book --type booking --json @booking.json --repeat-safety keyed',
      'switchyard send echo --type note --data "plain text" --output json',
    ],
  ).action(async (target: string | undefined, _flags: unknown, self: Command) =>
    send(cli, target, self.optsWithGlobals<SendOptions & HubOptions>()),
  );
}

async function send(cli: Cli, target: string | undefined, options: SendOptions): Promise<void> {
  if (options.output !== 'text' && options.output !== 'json') {
    throw new UsageError(`--output "${options.output ?? ''}": text or json`);
  }
  const asJson = options.output === 'json' || options.json === true;
  const message = await messageFromOptions(target, options);
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

function responseJson(response: SendMessageResponse): JsonValue {
  const document = messageToJson(SendMessageResponseSchema, response) as Record<string, JsonValue>;
  const payload = response.reply === undefined ? undefined : replyJsonPayload(response.reply);
  const reply = document['reply'];
  if (payload === undefined || typeof reply !== 'object' || reply === null || Array.isArray(reply))
    return document;
  const { data: _data, ...rest } = reply;
  return { ...document, reply: { ...rest, json: payload } };
}
