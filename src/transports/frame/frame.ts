import { z } from 'zod';
import type { Message, Reply } from '../../base/message.ts';
import type { Endpoint, SendOptions } from '../../base/transport.ts';
import { replyHeaders } from '../headers.ts';
import { envelopeBody } from '../http/envelope.ts';
import { rawMember } from './json-member.ts';

/** What an answer is about. */
export type Answer =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | {
      readonly kind: 'error';
      readonly message: string;
      /** `no`: the target says that nothing happened; `unknown`: it cannot tell; undefined: a definite no. */
      readonly executed: 'no' | 'unknown' | undefined;
      readonly retryAfterMs: number | undefined;
      readonly status: string;
      /** What explains the error, when the answer has a payload. */
      readonly reply: Reply | undefined;
    }
  /** Its id is good, the rest is not. */
  | { readonly kind: 'invalid'; readonly problem: string };

export type ParsedAnswer =
  | { readonly ok: true; readonly id: string; readonly answer: Answer }
  /** An object, but no answer: without an `id`. */
  | { readonly ok: true; readonly id: undefined }
  | { readonly ok: false; readonly problem: string };

export interface RequestFrameInput {
  /** Unique for each attempt of this hub; undefined: nobody waits for an answer, and none may come. */
  readonly id: string | undefined;
  /** Overrides the message's type. */
  readonly type: string | undefined;
  readonly endpoint: Endpoint;
  readonly message: Message;
  readonly options: SendOptions;
}

/** The request as the bytes of a JSON text message: the hub's HTTP envelope with `id`, `traceparent` and `hops`. */
export function requestFrame({ id, type, endpoint, message, options }: RequestFrameInput): Buffer {
  const { traceparent, hops } = message;
  const head = JSON.stringify({ id, hops, ...(traceparent === '' ? {} : { traceparent }) });
  const body = envelopeBody(endpoint, type === undefined ? message : { ...message, type }, options);
  return Buffer.concat([Buffer.from(`${head.slice(0, -1)},`), body.subarray(1)]);
}

const answerSchema = z.object({
  payload_base64: z.base64('payload_base64 is not base64').optional(),
  content_type: z.string().max(256).optional(),
  status: z.union([z.string().max(64), z.int()]).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  error: z
    .object({
      message: z.string(),
      executed: z.enum(['no', 'unknown']).optional(),
      retry_after_ms: z.number().min(0).max(86_400_000).optional(),
    })
    .optional(),
});

/** Reads a text message of a target. Never throws. */
export function parseAnswer(text: string): ParsedAnswer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Said below: nothing else tells more about it.
    return { ok: false, problem: 'a text message that is not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { ok: false, problem: 'a text message that is not a JSON object' };
  const id: unknown = 'id' in value ? value.id : undefined;
  if (typeof id !== 'string') return { ok: true, id: undefined };
  return { ok: true, id, answer: answerOf(value, text) };
}

function answerOf(value: object, text: string): Answer {
  const checked = answerSchema.safeParse(value);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return { kind: 'invalid', problem: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` };
  }
  const { error, status, headers = {}, content_type: contentType, payload_base64: base64 } = checked.data;
  const payload = 'payload' in value ? value.payload : undefined;
  if (payload !== undefined && base64 !== undefined)
    return { kind: 'invalid', problem: 'payload and payload_base64 exclude each other' };
  const head = { status: status === undefined ? 'OK' : String(status), headers: replyHeaders(headers, none) };
  let reply: Reply = { ...head, contentType: contentType ?? '', data: new Uint8Array() };
  if (base64 !== undefined) {
    const data = Buffer.from(base64, 'base64');
    reply = { ...head, contentType: contentType ?? 'application/octet-stream', data };
  } else if (contentType !== undefined && !/json/i.test(contentType) && payload !== undefined) {
    if (typeof payload !== 'string')
      return { kind: 'invalid', problem: `payload must be a string when content_type is ${contentType}` };
    reply = { ...head, contentType, data: Buffer.from(payload) };
  } else if (payload !== undefined) {
    const data = Buffer.from(rawMember(text, 'payload') ?? 'null');
    reply = { ...head, contentType: contentType ?? 'application/json', data };
  }
  if (error === undefined) return { kind: 'reply', reply };
  return {
    kind: 'error',
    message: error.message,
    executed: error.executed,
    retryAfterMs: error.retry_after_ms,
    status: status === undefined ? '' : String(status),
    reply:
      reply.data.length === 0
        ? undefined
        : { ...reply, status: status === undefined ? 'ERROR' : String(status) },
  };
}

const none: ReadonlySet<string> = new Set();
