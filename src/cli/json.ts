import { toJson } from '@bufbuild/protobuf';
import type { DescMessage, JsonValue, MessageShape } from '@bufbuild/protobuf';
import type { Terminal } from './terminal.ts';

/** Any value that JSON can hold. */
export type Json = JsonValue | { readonly [key: string]: Json | undefined } | readonly Json[];

/**
 * A message as JSON for scripts: the protobuf JSON form of the hub's own JSON API, and every plain field is there even
 * when it is false, zero or empty.
 */
export function messageToJson<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): JsonValue {
  return toJson(schema, message, { alwaysEmitImplicit: true });
}

/** Prints the one document of a command with `--json`. */
export function printJson(terminal: Terminal, document: Json): void {
  terminal.print(JSON.stringify(document, null, 2));
}

/** Prints one event of a watch with `--json`, on a line of its own. */
export function printJsonLine(terminal: Terminal, event: Json): void {
  terminal.print(JSON.stringify(event));
}
