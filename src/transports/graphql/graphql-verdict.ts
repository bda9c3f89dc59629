import { z } from 'zod';
import type { AttemptResult, Verdict } from '../../base/transport.ts';
import { parseExactJson } from '../mapping/exact-json.ts';
import { isJsonType } from '../mapping/mapping-input.ts';

/** Header of a reply with partial data: how many errors the response holds. */
export const errorsHeader = 'switchyard-graphql-errors';
/** Status of a reply that holds data and errors. */
export const partialStatus = 'PARTIAL_DATA';
/** Characters of an error's own words in a detail. */
const wordsMax = 200;

const responseSchema = z.looseObject({
  errors: z
    .array(
      z.looseObject({
        message: z.string(),
        extensions: z.looseObject({ code: z.unknown().optional() }).optional(),
      }),
    )
    .min(1)
    .optional(),
});

/** A response as the specification has it, section 7.1. */
interface GraphqlResponse {
  /** Undefined: there is no such entry, the execution did not begin. Null: it began and gave nothing. */
  readonly data: unknown;
  readonly errors: readonly { readonly message: string; readonly code: string }[];
}

/** What a result means once its body was read; `data` is set when there is a reply to map. */
export interface GraphqlResult {
  readonly result: AttemptResult;
  readonly data?: unknown;
}

/**
 * What a whole answer means to GraphQL, beyond its HTTP status. The evidence is the entry `data`
 * (https://spec.graphql.org/September2025/#sec-Response-Format): without it the error was raised before the execution
 * began, so the request is REJECTED; with it the execution began, and null beside errors may have acted. Data beside
 * errors is a reply, marked as partial. 5xx, and statuses that say it by themselves (429, 3xx, not-executed), keep their
 * meaning.
 */
export function graphqlResultOf(
  result: AttemptResult,
  { complete, rejectedCodes }: { readonly complete: boolean; readonly rejectedCodes: ReadonlySet<string> },
): GraphqlResult {
  const { reply, verdict, reason } = result;
  const refused = verdict === 'REJECTED' && /^4/.test(result.status);
  if (!complete || reply === undefined || (verdict !== 'OK' && !refused)) return { result };
  const response = isJsonType(reply.contentType) ? parseResponse(reply.data) : undefined;
  if (response === undefined)
    return verdict === 'OK'
      ? { result: changed(result, 'MAY_HAVE_ACTED', 'garbage', 'the answer is no GraphQL response') }
      : { result };
  const { data, errors } = response;
  const cause = errorsText(errors);
  if (errors.length === 0 && data !== undefined && verdict === 'OK') return { result, data };
  if (data === undefined) {
    if (errors.length > 0) return { result: changed(result, 'REJECTED', 'rejected', cause) };
    return verdict === 'OK'
      ? { result: changed(result, 'MAY_HAVE_ACTED', 'garbage', 'the answer holds neither data nor errors') }
      : { result };
  }
  if (errors.length > 0 && errors.every(({ code }) => rejectedCodes.has(code)))
    return { result: changed(result, 'REJECTED', 'rejected', cause) };
  if (data === null || verdict !== 'OK')
    return {
      result: changed(result, 'MAY_HAVE_ACTED', 'target_error', `the execution began and failed: ${cause}`),
    };
  return {
    result: {
      ...result,
      reason,
      status: partialStatus,
      detail: `${result.detail}, with partial data: ${cause}`,
      reply: {
        ...reply,
        status: partialStatus,
        headers: { ...reply.headers, [errorsHeader]: String(errors.length) },
      },
    },
  };
}

/** Reads a response; undefined for what is none. */
function parseResponse(body: Uint8Array): GraphqlResponse | undefined {
  let value: unknown;
  try {
    value = parseExactJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch {
    // Not JSON: the caller says what that means.
    return undefined;
  }
  const checked = responseSchema.safeParse(value);
  if (!checked.success) return undefined;
  const { errors = [] } = checked.data;
  return {
    data: checked.data['data'],
    errors: errors.map(({ message, extensions }) => ({
      message,
      code: typeof extensions?.code === 'string' ? extensions.code : '',
    })),
  };
}

function changed(
  result: AttemptResult,
  verdict: Verdict,
  reason: AttemptResult['reason'],
  cause: string,
): AttemptResult {
  return { ...result, verdict, reason, detail: `${result.detail}: ${cause}` };
}

function errorsText(errors: GraphqlResponse['errors']): string {
  const [first] = errors;
  if (first === undefined) return 'no error is told';
  const code = first.code === '' ? '' : `${first.code.slice(0, 64)}: `;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${code}${(first.message.split('\n')[0] ?? '').slice(0, wordsMax)}${more}`;
}
