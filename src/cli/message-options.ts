import { create } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { MessageSchema } from '#gen/switchyard/messaging/v1/message_pb.js';
import type { Message } from '#gen/switchyard/messaging/v1/message_pb.js';
import { Kind, Priority } from '#gen/switchyard/type/v1/message_kind_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { createId } from '../base/id.ts';
import { collect } from './cli.ts';
import { parseEnum } from './enum-name.ts';
import { parseKeyValues } from './key-value.ts';
import { targetFromArguments } from './target-argument.ts';
import type { TargetOptions } from './target-argument.ts';
import { readPayload } from './payload.ts';
import type { Payload, PayloadOptions } from './payload.ts';

/** Options that describe a message, the same for `send` and `explain`. */
export interface MessageOptions extends TargetOptions {
  readonly type: string;
  readonly kind?: string;
  readonly source?: string;
  readonly priority?: string;
  readonly repeatSafety?: string;
}

/** Adds the options of {@link MessageOptions} to a command. */
export function withMessage(command: Command): Command {
  return command
    .argument('[target]', 'system:ID, type:TYPE or capability:NAME; a bare word is the id of a system')
    .option('--to-system <id>', 'the target is this system')
    .option('--to-type <type>', 'the target is any system of this type')
    .option('--to-capability <name>', 'the target is any system with this capability')
    .requiredOption('--type <message-type>', 'message type, such as data_request')
    .option('--kind <kind>', 'request, query, command, event, … (default: request)')
    .option('--source <id>', 'system that sends')
    .option('--priority <priority>', 'low, normal, high, critical, emergency (default: normal)')
    .option(
      '--repeat-safety <safety>',
      'safe, idempotent, keyed or unsafe (default: the policy, the route or the kind decides)',
    );
}

/** The message that the options describe. It has an id of its own, so that its delivery can be looked up. */
export async function messageFromOptions(
  target: string | undefined,
  options: MessageOptions & PayloadOptions,
): Promise<Message> {
  return messageWith(target, options, await readPayload(options));
}

/** The message of the options with a payload that is at hand already. */
export function messageWith(
  target: string | undefined,
  options: MessageOptions & PayloadOptions,
  { contentType, data }: Payload,
): Message {
  return create(MessageSchema, {
    id: options.id ?? createId(),
    source: options.source ?? '',
    target: targetFromArguments(target, options),
    type: options.type,
    kind: options.kind === undefined ? Kind.UNSPECIFIED : parseEnum(Kind, 'kind', options.kind),
    priority:
      options.priority === undefined
        ? Priority.UNSPECIFIED
        : parseEnum(Priority, 'priority', options.priority),
    correlationId: options.correlationId ?? '',
    headers: parseKeyValues('--header', options.header ?? []),
    contentType,
    payload: data === undefined ? { case: undefined } : { case: 'data', value: data },
  });
}

/** The repeat safety that the options name; unset leaves it to the hub. */
export function repeatSafetyOf(options: MessageOptions): RepeatSafety {
  return options.repeatSafety === undefined
    ? RepeatSafety.UNSPECIFIED
    : parseEnum(RepeatSafety, 'repeat safety', options.repeatSafety);
}

/** Adds the options of {@link PayloadOptions} to `send`. */
export function withPayload(command: Command): Command {
  return withQuestion(
    command.option(
      '--json [payload]',
      'the payload as JSON, or @FILE, or @- for standard input; without a value: print one JSON document',
    ),
  );
}

/** Adds the options of {@link PayloadOptions} that do not say how to print. */
export function withQuestion(command: Command): Command {
  return command
    .option('-d, --data <text>', 'the payload as text, or @FILE, or - for standard input')
    .option('--data-file <file>', 'the payload is what this file holds')
    .option('--content-type <type>', 'media type of the payload')
    .option('--header <key=value>', 'a header to pass on (repeatable)', collect)
    .option('--id <id>', 'id of the message (default: a new UUID)')
    .option('--correlation-id <id>', 'ties messages of one conversation together');
}
