import { messageOf } from '../base/error.ts';
import { readFileBytes } from './file-text.ts';
import { UsageError } from './usage-error.ts';

/** Options of `send` for what the message holds. */
export interface PayloadOptions {
  /** Text, or true when `--json` stands without a value and means the output. */
  readonly json?: string | boolean;
  readonly data?: string;
  readonly dataFile?: string;
  readonly contentType?: string;
  readonly header?: readonly string[];
  readonly id?: string;
  readonly correlationId?: string;
}

/** What a message holds. The bytes are those that were given, so that no number or key order changes on the way. */
export interface Payload {
  readonly contentType: string;
  /** Undefined: the message has no payload. */
  readonly data: Uint8Array | undefined;
  /** Whether it was given as JSON, and must be JSON. */
  readonly isJson: boolean;
}

/** The payload that the options name, checked. Reads files and standard input. */
export async function readPayload(options: PayloadOptions): Promise<Payload> {
  const payload = await readRawPayload(options);
  if (payload.isJson && payload.data !== undefined) checkJson(payload.data);
  return payload;
}

/** The payload as it was given, before it is checked: it may still hold placeholders. */
export async function readRawPayload(options: PayloadOptions): Promise<Payload> {
  const json = typeof options.json === 'string' ? options.json : undefined;
  const given = [json, options.data, options.dataFile].filter((source) => source !== undefined);
  if (given.length > 1) throw new UsageError('give the payload once: --json, --data or --data-file');
  if (json !== undefined) {
    return {
      contentType: options.contentType ?? 'application/json',
      data: await bytesOf(json),
      isJson: true,
    };
  }
  const source =
    options.dataFile !== undefined ? `@${options.dataFile}` : options.data === '-' ? '@-' : options.data;
  if (source === undefined) return { contentType: options.contentType ?? '', data: undefined, isJson: false };
  const byDefault = source.startsWith('@') ? 'application/octet-stream' : 'text/plain; charset=utf-8';
  return { contentType: options.contentType ?? byDefault, data: await bytesOf(source), isJson: false };
}

/** Throws UsageError when the bytes are not JSON. `what` names them, `hint` says what else could be done. */
export function checkJson(data: Uint8Array, what = '--json', hint = ''): void {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch (error) {
    throw new UsageError(`${what} is not JSON: ${messageOf(error)}${hint === '' ? '' : `; ${hint}`}`);
  }
}

async function bytesOf(text: string): Promise<Uint8Array> {
  return text.startsWith('@') ? readFileBytes(text.slice(1)) : new TextEncoder().encode(text);
}
