import { createId } from '../base/id.ts';
import type { Message } from '#gen/switchyard/messaging/v1/message_pb.js';
import type { Cli } from './cli.ts';
import { inputLines } from './input-lines.ts';
import { messageWith } from './message-options.ts';
import type { MessageOptions } from './message-options.ts';
import { checkJson, readRawPayload } from './payload.ts';
import type { Payload, PayloadOptions } from './payload.ts';
import { compileTemplate } from './template.ts';
import type { Template, TemplateValues } from './template.ts';
import { UsageError } from './usage-error.ts';

/** Options of `send` for many messages. */
export interface BatchMessageOptions extends MessageOptions, PayloadOptions {
  readonly lines?: boolean;
  readonly template?: boolean;
}

export interface BatchSource {
  readonly target: string | undefined;
  readonly options: BatchMessageOptions;
  /** How many messages at most; undefined: as many as the input has lines, or without end. */
  readonly count: number | undefined;
}

/** The messages of a batch, made one by one as they are asked for. Throws UsageError for what cannot be made. */
export async function* batchMessages(cli: Cli, source: BatchSource): AsyncGenerator<Message> {
  const make = await messageMaker(cli, source);
  let n = 0;
  if (source.options.lines === true) {
    for await (const line of inputLines(linesPath(source.options), cli.signal)) {
      n += 1;
      if (n > (source.count ?? Infinity)) return;
      yield make(n, line);
    }
    return;
  }
  while (n < (source.count ?? Infinity)) {
    n += 1;
    yield make(n, undefined);
  }
}

/** Prepares the templates of the options once. */
export async function messageMaker(
  cli: Cli,
  { target, options, count }: BatchSource,
): Promise<(n: number, line: string | undefined) => Message> {
  const compile = (text: string, where: string): Template =>
    options.template === false ? () => text : compileTemplate(text, where);
  const fields = {
    type: compile(options.type, '--type'),
    ...(options.id !== undefined && { id: compile(options.id, '--id') }),
    ...(options.source !== undefined && { source: compile(options.source, '--source') }),
    ...(options.correlationId !== undefined && {
      correlationId: compile(options.correlationId, '--correlation-id'),
    }),
  };
  if (options.id !== undefined && count !== 1 && !options.id.includes('{{')) {
    throw new UsageError(
      `--id ${options.id} would be the id of every message: write it as ${options.id}-{{n}}`,
    );
  }
  const headers = (options.header ?? []).map((header) => compile(header, '--header'));
  const payload = await payloadMaker(options, compile);
  return (n, line) => {
    const values: TemplateValues = {
      n,
      line,
      nowMs: cli.clock.now(),
      uuid: createId,
      variable: cli.environment.variable,
    };
    const rendered = Object.fromEntries(
      Object.entries(fields).map(([name, template]) => [name, template(values)]),
    );
    const filled = { ...options, ...rendered, header: headers.map((header) => header(values)) };
    return messageWith(target, filled, payload(values));
  };
}

/** With `--lines`, `--data` names the lines, and `--json` what is made of each; without it each line is the payload. */
async function payloadMaker(
  options: BatchMessageOptions,
  compile: (text: string, where: string) => Template,
): Promise<(values: TemplateValues) => Payload> {
  const { data: _data, dataFile: _dataFile, ...withoutLines } = options;
  const hasTemplate = typeof options.json === 'string';
  if (options.lines === true && !hasTemplate) return ({ n, line }) => linePayload(options, n, line ?? '');
  const raw = await readRawPayload(options.lines === true ? withoutLines : options);
  const template = raw.data === undefined ? undefined : textTemplate(raw.data, compile);
  return (values) => {
    const data = template === undefined ? raw.data : new TextEncoder().encode(template(values));
    if (raw.isJson && data !== undefined) checkJson(data, `--json of message ${values.n}`);
    return { ...raw, data };
  };
}

/** A line is JSON (NDJSON), unless `--content-type` says what else it is. */
function linePayload(options: BatchMessageOptions, n: number, line: string): Payload {
  const data = new TextEncoder().encode(line);
  if (options.contentType !== undefined) return { contentType: options.contentType, data, isJson: false };
  checkJson(data, `line ${n}`, 'for lines of text use --content-type text/plain');
  return { contentType: 'application/json', data, isJson: true };
}

/** Undefined for bytes that are no text: they go as they are. */
function textTemplate(
  data: Uint8Array,
  compile: (text: string, where: string) => Template,
): Template | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    // Not UTF-8, so nothing in it is a placeholder.
    return undefined;
  }
  return compile(text, 'the payload');
}

function linesPath({ data, dataFile }: BatchMessageOptions): string {
  if (dataFile !== undefined && data !== undefined)
    throw new UsageError('give the lines once: --data or --data-file');
  if (dataFile !== undefined) return dataFile;
  if (data === undefined || data === '-') return '-';
  if (data.startsWith('@')) return data.slice(1);
  throw new UsageError('--lines reads a file or standard input: --data @FILE or --data -');
}
