import type { JsonValue } from '@bufbuild/protobuf';
import { toJson } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import type { Reply } from '#gen/switchyard/messaging/v1/message_pb.js';
import { printable } from './terminal.ts';
import type { Terminal } from './terminal.ts';

/** The reply's payload as a JSON value, whichever way it came; undefined when it is not JSON. */
export function replyJsonPayload(reply: Reply): JsonValue | undefined {
  if (reply.payload.case === 'json') return toJson(ValueSchema, reply.payload.value);
  if (reply.payload.case === undefined || !isJsonType(reply.contentType)) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(reply.payload.value)) as JsonValue;
  } catch {
    // The target calls it JSON and it is not: it is shown as what it is.
    return undefined;
  }
}

/**
 * Prints the payload of a reply: JSON indented, text as it is, other bytes as they are unless a person looks at them.
 * An empty one is remarked upon.
 */
export function printReply(terminal: Terminal, reply: Reply | undefined): void {
  if (reply !== undefined && reply.status !== '200' && reply.status !== 'OK' && reply.status !== '') {
    terminal.remark(`the target answered with status ${reply.status}`);
  }
  const json = reply === undefined ? undefined : replyJsonPayload(reply);
  if (json !== undefined) {
    terminal.print(JSON.stringify(json, null, 2));
    return;
  }
  const bytes = reply?.payload.case === 'data' ? reply.payload.value : new Uint8Array();
  if (bytes.length === 0) {
    terminal.remark('the reply is empty');
    return;
  }
  const text = textOf(bytes);
  if (!terminal.interactive) terminal.printBytes(bytes);
  else if (text === undefined) {
    terminal.remark(
      `the reply is ${bytes.length} bytes of ${reply?.contentType ?? 'no type'}; redirect the output to keep them`,
    );
  } else terminal.print(safeText(text));
}

/** Prints the payload of one of many replies on one line: JSON compact, text with its line breaks as spaces. */
export function printReplyLine(terminal: Terminal, reply: Reply | undefined): void {
  const json = reply === undefined ? undefined : replyJsonPayload(reply);
  if (json !== undefined) {
    terminal.print(JSON.stringify(json));
    return;
  }
  const bytes = reply?.payload.case === 'data' ? reply.payload.value : new Uint8Array();
  const text = textOf(bytes);
  terminal.print(
    text === undefined ? `${bytes.length} bytes of ${reply?.contentType ?? ''}` : printable(text),
  );
}

function isJsonType(contentType: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType);
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Not UTF-8, so not text.
    return undefined;
  }
}

/** Text for a person's screen: line breaks and tabs stay, other control characters do not. */
function safeText(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '\uFFFD');
}
