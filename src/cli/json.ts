import { toJson } from '@bufbuild/protobuf';
import type { DescMessage, JsonValue, MessageShape } from '@bufbuild/protobuf';
import { stringify } from 'yaml';
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

/** Prints the one document of a command with `--json` or `-o yaml`. */
export function printJson(terminal: Terminal, document: Json): void {
  terminal.print(
    terminal.documents === 'yaml' ? stringify(document).trimEnd() : JSON.stringify(document, null, 2),
  );
}

/** Prints one event of a watch with `--json`, on a line of its own; with `-o yaml` as a document of its own. */
export function printJsonLine(terminal: Terminal, event: Json): void {
  terminal.print(
    terminal.documents === 'yaml' ? `---\n${stringify(event).trimEnd()}` : JSON.stringify(event),
  );
}
