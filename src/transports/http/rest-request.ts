import type { Message } from '../../base/message.ts';
import type { Secrets } from '../../base/secrets.ts';
import { isHeaderValue } from '../headers.ts';
import { replyBytesMax, requestTargetLengthMax } from '../limits.ts';
import { exactJsonText, scalarText } from '../mapping/exact-json.ts';
import type { Expressions } from '../mapping/expression.ts';
import { MappingFault } from '../mapping/mapping-fault.ts';
import { isJsonType, type MappingInput } from '../mapping/mapping-input.ts';
import { renderTemplate, valueOf } from '../mapping/template.ts';
import { readSecretText } from '../secret-value.ts';
import { UnsentFault } from '../unsent-fault.ts';
import type { CompiledRest, ValueSource } from './compiled-operation.ts';
import type { HttpMethod } from './http-operation.ts';
import { renderPath } from './path-template.ts';
import { commonHeaders, type HeaderPairs, idempotencyKey, mergedHeaders } from './request-headers.ts';

/** Largest body that a mapping may make, bytes: as a payload (contract: 3 MiB). */
const mappedBodyBytesMax = replyBytesMax;

/** Query parameters in order; a name may be there several times. */
export type Query = readonly (readonly [name: string, value: string])[];

/** One request of a REST API, before its query is put behind the path. */
export interface PreparedRequest {
  readonly method: HttpMethod;
  readonly path: string;
  readonly query: Query;
  /** As undici takes them. */
  readonly headers: string[];
  readonly body?: Uint8Array;
}

/** Values of the secrets of an operation, by where they stand: `headers.<name>`, `query.<name>`. */
export type SecretValues = ReadonlyMap<string, string>;

/** Whether an operation has secrets to read. */
export function hasSecrets({ query, headers }: CompiledRest): boolean {
  return [...query, ...headers].some(([, { from }]) => from === 'secret');
}

/** Reads the secrets of an operation. Rejects with SecretUnavailable, or {@link UnsentFault} for one that no header can hold. */
export async function readSecrets({ query, headers }: CompiledRest, secrets: Secrets): Promise<SecretValues> {
  const values = new Map<string, string>();
  for (const [of, sources] of Object.entries({ query, headers })) {
    for (const [name, source] of sources) {
      if (source.from !== 'secret') continue;
      const value = await readSecretText(source.secret, secrets);
      if (of === 'headers' && !isHeaderValue(value))
        throw new UnsentFault(
          'misconfigured',
          `the secret of the header ${name} holds characters that a header cannot carry`,
        );
      values.set(`${of}.${name}`, value);
    }
  }
  return values;
}

/**
 * The request that an operation makes of a message. Throws {@link MappingFault} naming the field that the message does
 * not fit.
 */
export function prepareRequest(
  operation: CompiledRest,
  message: Message,
  {
    attempt,
    input,
    secrets,
    settingsHeaders,
    basePath,
    expressions,
  }: {
    readonly attempt: number;
    readonly input: MappingInput;
    readonly secrets: SecretValues;
    readonly settingsHeaders: HeaderPairs;
    readonly basePath: string;
    readonly expressions: Expressions;
  },
): PreparedRequest {
  const path = basePath + renderPath(operation.path, input);
  const evaluated = evaluateRequest(operation, input, expressions);
  const source = { input, secrets, evaluated };
  const { bytes, contentType } = bodyOf(operation, message, { input, evaluated });
  const safe = ['GET', 'HEAD', 'OPTIONS'].includes(operation.method);
  return {
    method: operation.method,
    path,
    query: operation.query.flatMap(([name, from]) =>
      queryValues(`query.${name}`, from, source).map((value) => [name, value] as const),
    ),
    headers: mergedHeaders(
      commonHeaders(message, { attempt }),
      [['accept', 'application/json, */*;q=0.8']],
      safe ? [] : idempotencyKey(message),
      contentType === '' ? [] : [['content-type', contentType]],
      settingsHeaders,
      operation.headers.flatMap(([name, from]) => {
        const value = headerText(`headers.${name}`, from, source);
        return value === undefined ? [] : [[name, value] as const];
      }),
    ),
    ...(bytes === undefined ? {} : { body: bytes }),
  };
}

/** Path and query as they stand in the request line. Throws {@link MappingFault} when they are too long. */
export function requestTarget(path: string, query: Query): string {
  const pairs = query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  const target = pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
  if (target.length > requestTargetLengthMax)
    throw new MappingFault('query', `path and query have more than ${requestTargetLengthMax} characters`);
  return target;
}

interface Sources {
  readonly input: MappingInput;
  readonly secrets: SecretValues;
  readonly evaluated: Readonly<Record<string, unknown>>;
}

function evaluateRequest(
  { request }: CompiledRest,
  input: MappingInput,
  expressions: Expressions,
): Readonly<Record<string, unknown>> {
  // A payload that nothing maps is not even parsed.
  if (Object.keys(request).length === 0) return {};
  return expressions.evaluate(request, { payload: input.payload, message: input.message });
}

function queryValues(field: string, source: ValueSource, sources: Sources): readonly string[] {
  if (source.from === 'secret') return [sources.secrets.get(field) ?? ''];
  if (source.from === 'expression') return texts(sources.evaluated[field], field);
  const [only] = source.template;
  // A placeholder alone may be a list.
  if (source.template.length === 1 && typeof only === 'object')
    return texts(valueOf(only, sources.input), field);
  const text = renderTemplate(source.template, sources.input, field);
  return text === undefined ? [] : [text];
}

function headerText(field: string, source: ValueSource, sources: Sources): string | undefined {
  if (source.from === 'secret') return sources.secrets.get(field) ?? '';
  if (source.from === 'template') {
    const text = renderTemplate(source.template, sources.input, field);
    if (text !== undefined) return text;
    const names = source.template.flatMap((part) => (typeof part === 'string' ? [] : [`{${part.name}}`]));
    throw new MappingFault(field, `a value of ${names.join(', ')} is missing; the message must hold it`);
  }
  const [text, ...more] = texts(sources.evaluated[field], field);
  if (more.length > 0) throw new MappingFault(field, 'the expression gives a list; a header is one text');
  return text;
}

/** A value, or each value of a list, as text; nothing and null are left out. */
function texts(value: unknown, field: string): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((item: unknown) => {
    if (item === undefined || item === null) return [];
    const text = scalarText(item);
    if (text === undefined)
      throw new MappingFault(field, 'holds a list or an object; only texts, numbers and booleans fit');
    return [text];
  });
}

function bodyOf(
  { bodyType, request }: CompiledRest,
  message: Message,
  { input, evaluated }: Pick<Sources, 'input' | 'evaluated'>,
): { readonly bytes: Uint8Array | undefined; readonly contentType: string } {
  const mapped = 'body' in request;
  const untouched = bodyType === 'raw' || (bodyType === 'json' && !mapped && isJsonType(message.contentType));
  if (bodyType === undefined || (untouched && message.data.length === 0))
    return { bytes: undefined, contentType: '' };
  if (untouched) return { bytes: message.data, contentType: message.contentType };
  const value = mapped ? evaluated['body'] : input.payload;
  if (value === undefined) {
    if (mapped) throw new MappingFault('body', 'the expression gives nothing');
    return { bytes: undefined, contentType: '' };
  }
  switch (bodyType) {
    case 'json':
      return written(exactJsonText(value, 'body', mappedBodyBytesMax), 'application/json');
    case 'form':
      return written(formText(value), 'application/x-www-form-urlencoded');
    case 'text': {
      const text = scalarText(value);
      if (text === undefined) throw new MappingFault('body', 'is no text; body_type text needs one');
      return written(text, 'text/plain; charset=utf-8');
    }
  }
}

function written(text: string, contentType: string): { bytes: Uint8Array; contentType: string } {
  const bytes = Buffer.from(text);
  if (bytes.length > mappedBodyBytesMax)
    throw new MappingFault('body', `the result is larger than ${mappedBodyBytesMax} bytes`);
  return { bytes, contentType };
}

function formText(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MappingFault('body', 'is no object; body_type form needs one of names and values');
  const form = new URLSearchParams();
  for (const [name, inner] of Object.entries(value))
    for (const text of texts(inner, `body.${name}`)) form.append(name, text);
  return form.toString();
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
