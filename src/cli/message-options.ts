import { create } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { MessageSchema } from '#gen/switchyard/messaging/v1/message_pb.js';
import type { Message } from '#gen/switchyard/messaging/v1/message_pb.js';
import { Kind, Priority } from '#gen/switchyard/type/v1/message_kind_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { messageOf } from '../base/error.ts';
import { createId } from '../base/id.ts';
import { collect } from './cli.ts';
import { parseEnum } from './enum-name.ts';
import { readFileBytes } from './file-text.ts';
import { parseKeyValues } from './key-value.ts';
import { targetFromArguments } from './target-argument.ts';
import type { TargetOptions } from './target-argument.ts';
import { UsageError } from './usage-error.ts';

/** Options that describe a message, the same for `send` and `explain`. */
export interface MessageOptions extends TargetOptions {
  readonly type: string;
  readonly kind?: string;
  readonly source?: string;
  readonly priority?: string;
  readonly repeatSafety?: string;
}

/** Options of `send` for what the message holds. */
export interface PayloadOptions {
  /** Text, or true when `--json` stands without a value and means the output. */
  readonly json?: string | boolean;
  readonly data?: string;
  readonly contentType?: string;
  readonly header?: readonly string[];
  readonly id?: string;
  readonly correlationId?: string;
}

/** Adds the options of {@link MessageOptions} to a command. */
export function withMessage(command: Command): Command {
  return command
    .argument('[target]', 'system:ID, type:TYPE or capability:NAME; a bare word is the id of a system')
    .option('--to-system <id>', 'the target is this system')
    .option('--to-type <type>', 'the target is any system of this type')
    .option('--to-capability <name>', 'the target is any system with this capability')
    .requiredOption('--type <type>', 'message type, such as data_request')
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
  const { contentType, data } = await payloadOf(options);
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
  return command
    .option(
      '--json [payload]',
      'the payload as JSON, or @FILE, or @- for standard input; without a value: print one JSON document',
    )
    .option('--data <text>', 'the payload as text, or @FILE, or @- for standard input')
    .option('--content-type <type>', 'media type of the payload')
    .option('--header <key=value>', 'a header to pass on (repeatable)', collect)
    .option('--id <id>', 'id of the message (default: a new UUID)')
    .option('--correlation-id <id>', 'ties messages of one conversation together');
}

/** The payload travels as the bytes that were given, so that no number or key order changes on the way. */
async function payloadOf(
  options: PayloadOptions,
): Promise<{ contentType: string; data: Uint8Array | undefined }> {
  const json = typeof options.json === 'string' ? options.json : undefined;
  if (json !== undefined && options.data !== undefined) {
    throw new UsageError('give the payload once: --json or --data');
  }
  if (json !== undefined) {
    const data = await bytesOf(json);
    try {
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
    } catch (error) {
      throw new UsageError(`--json is not JSON: ${messageOf(error)}`);
    }
    return { contentType: options.contentType ?? 'application/json', data };
  }
  if (options.data === undefined) return { contentType: options.contentType ?? '', data: undefined };
  const isFile = options.data.startsWith('@');
  return {
    contentType: options.contentType ?? (isFile ? 'application/octet-stream' : 'text/plain; charset=utf-8'),
    data: await bytesOf(options.data),
  };
}

async function bytesOf(text: string): Promise<Uint8Array> {
  return text.startsWith('@') ? readFileBytes(text.slice(1)) : new TextEncoder().encode(text);
}
