import type { DescEnum } from '@bufbuild/protobuf';
import { type Duration, durationMs, type FieldMask, type Timestamp } from '@bufbuild/protobuf/wkt';
import { z, type ZodType } from 'zod';
import { isSlug, slugBytesMax } from '../base/id.ts';

/*
 * Rules for the fields of protobuf-es messages, to build the `schemas` of a ServiceDefinition from:
 *
 *   z.object({ system: required(z.object({ id: slug(), name: text({ charactersMax: 200, required: true }) })), pageSize: pageSize() })
 *
 * Keys are protobuf-es property names (camelCase); validation.ts turns them into proto paths. Rules only check: the
 * handler gets the message unchanged. Each reports without stopping, so that all violations come at once; use
 * `superRefine` on a z.object for rules between fields. A message says what is allowed ("must be …"); what was found
 * is appended by validation.ts. A field without a rule is simply not checked.
 */

/** Longest opaque token, etag or registration id that a request may hold, in bytes. */
export const tokenBytesMax = 1024;

const slugForm = `a dotted lower-case slug such as "payments.ledger", at most ${slugBytesMax} bytes`;
const visibleAsciiPattern = /^[\x21-\x7e]*$/;
const slugPrefixPattern = /^([a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*\.?)?$/;
const headerNamePattern = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const headerValuePattern = /^[\t\x20-\x7e]*$/;

/**
 * A rule from a check: it returns what is allowed ("must be …") when the value breaks it, else undefined.
 * `found: ''` keeps the value out of the violation, for what may hold a secret.
 */
export function rule<T>(
  check: (value: T) => string | { message: string; found: string } | undefined,
): ZodType<T> {
  return z.custom<T>().superRefine((value, context) => {
    const broken = check(value);
    if (broken === undefined) return;
    const { message, found } = typeof broken === 'string' ? { message: broken, found: undefined } : broken;
    context.addIssue({ code: 'custom', message, ...(found === undefined ? {} : { params: { found } }) });
  });
}

/** A submessage that must be set, and keep `rules`. For one that may be unset, use `rules.optional()`. */
export function required(rules: ZodType): ZodType {
  return z.unknown().superRefine((value, context) => {
    if (value === undefined) {
      context.addIssue({ code: 'custom', message: 'is required' });
      return;
    }
    reportAll(context, rules.safeParse(value), []);
  });
}

/** A required id, type or capability. */
export function slug(): ZodType<string> {
  return rule((value) => (isSlug(value) ? undefined : `must be ${slugForm}`));
}

/** An id, type or capability that may be empty. */
export function optionalSlug(): ZodType<string> {
  return rule((value) => (value === '' || isSlug(value) ? undefined : `must be empty or ${slugForm}`));
}

/** The beginning of a slug, for filters; may be empty or end with a dot. */
export function slugPrefix(): ZodType<string> {
  return rule((value) =>
    value.length <= slugBytesMax && slugPrefixPattern.test(value)
      ? undefined
      : `must be empty or the beginning of ${slugForm}`,
  );
}

/** Visible ASCII (no spaces), such as a message id; default at most 128 bytes and may be empty. */
export function visibleAscii(options: { bytesMax?: number; required?: boolean } = {}): ZodType<string> {
  const { bytesMax = 128, required: needed = false } = options;
  return rule((value) =>
    value.length <= bytesMax && visibleAsciiPattern.test(value) && !(needed && value === '')
      ? undefined
      : `must be ${needed ? '1 to' : 'at most'} ${bytesMax} bytes of visible ASCII`,
  );
}

/** An etag, registration id, page or resume token: visible ASCII, at most 1024 bytes; default may be empty. */
export function token(options: { required?: boolean } = {}): ZodType<string> {
  return visibleAscii({ bytesMax: tokenBytesMax, ...options });
}

/** Text for people, in Unicode characters; without control characters. Default: may be empty. */
export function text(options: { charactersMax: number; required?: boolean }): ZodType<string> {
  const { charactersMax, required: needed = false } = options;
  return rule((value) => {
    if (value.length > charactersMax && Array.from(value).length > charactersMax) {
      return `must be at most ${charactersMax} characters, it has ${Array.from(value).length}`;
    }
    if (needed && value.trim() === '') return `is required: 1 to ${charactersMax} characters`;
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    return /[\x00-\x1f\x7f]/.test(value) ? 'must not hold control characters' : undefined;
  });
}

/** Text that matches a pattern; `form` says what is allowed ("must be …" is put before it). Bytes in UTF-8. */
export function pattern(options: {
  pattern: RegExp;
  form: string;
  bytesMax: number;
  required?: boolean;
}): ZodType<string> {
  return rule((value) => {
    if (value === '') return options.required === true ? `is required: ${options.form}` : undefined;
    return Buffer.byteLength(value) <= options.bytesMax && options.pattern.test(value)
      ? undefined
      : `must be ${options.form}, at most ${options.bytesMax} bytes`;
  });
}

/** A byte field of at most `bytesMax`. */
export function bytes(bytesMax: number): ZodType<Uint8Array> {
  return rule((value) => (value.byteLength <= bytesMax ? undefined : `must be at most ${bytesMax} bytes`));
}

/** A whole number; with `zeroUnset`, 0 means unset and is allowed too. */
export function wholeNumber(options: { min: number; max: number; zeroUnset?: boolean }): ZodType<number> {
  const { min, max, zeroUnset = false } = options;
  return rule((value) =>
    (zeroUnset && value === 0) || (Number.isSafeInteger(value) && value >= min && value <= max)
      ? undefined
      : `must be ${min} to ${max}${zeroUnset ? ', or unset' : ''}`,
  );
}

/** A Duration field within a range, in ms; unset is allowed unless `required`. */
export function duration(options: {
  minMs: number;
  maxMs: number;
  required?: boolean;
}): ZodType<Duration | undefined> {
  const { minMs, maxMs } = options;
  const allowed = `${shownMs(minMs)} to ${shownMs(maxMs)}`;
  return unsetAllowed(options.required !== true, (value) => {
    if (value === undefined) return `is required: ${allowed}`;
    const ms = durationMs(value);
    const wellFormed =
      Math.abs(value.nanos) < 1e9 && (value.seconds === 0n || Number(value.seconds) * value.nanos >= 0);
    return wellFormed && ms >= minMs && ms <= maxMs ? undefined : `must be ${allowed}`;
  });
}

/** A Timestamp field in the range of the protobuf specification (years 1 to 9999); unset is allowed unless `required`. */
export function timestamp(options: { required?: boolean } = {}): ZodType<Timestamp | undefined> {
  return unsetAllowed(options.required !== true, (value) => {
    if (value === undefined) return 'is required';
    const seconds = Number(value.seconds);
    return seconds >= -62135596800 && seconds <= 253402300799 && value.nanos >= 0 && value.nanos < 1e9
      ? undefined
      : 'must be an instant of the years 1 to 9999';
  });
}

/** A page_size: 0 means the default and too large a one is clamped (page.ts), so only a negative one is refused. */
export function pageSize(): ZodType<number> {
  return rule((value) => (value >= 0 ? undefined : 'must be 0 (the default of 100) to 1000'));
}

/** A page_token; whether it is one of ours, page.ts finds out. */
export function pageToken(): ZodType<string> {
  return token();
}

/** A value that the enum defines; unknown numbers are refused, the zero value only with `unspecified: 'refused'`. */
export function definedEnum(
  description: DescEnum,
  options: { unspecified?: 'allowed' | 'refused' } = {},
): ZodType<number> {
  const values = description.values.filter(({ number }) => number !== 0 || options.unspecified !== 'refused');
  const names = values.map(({ name }) => name).join(', ');
  return rule((value) =>
    values.some(({ number }) => number === value) ? undefined : `must be one of ${names}`,
  );
}

/**
 * A oneof (`{case, value}`), by the property names of its cases; a case that is not listed is not checked.
 * With `required`, the text says what to set: `exactly one of system_id, type, capability`.
 */
export function oneof(
  cases: Readonly<Record<string, ZodType>>,
  options: { required?: string } = {},
): ZodType {
  return z.unknown().superRefine((chosen, context) => {
    const { case: name, value } = chosen as { case: string | undefined; value?: unknown };
    if (name === undefined) {
      if (options.required === undefined) return;
      context.addIssue({
        code: 'custom',
        path: ['case'],
        message: `must have ${options.required} set`,
        params: { found: 'none' },
      });
      return;
    }
    reportAll(context, cases[name]?.safeParse(value), ['value']);
  });
}

/** The Target message: exactly one of its three, a slug. Use `required(target())` where it must be set. */
export function target(): ZodType {
  return z.object({
    target: oneof(
      { systemId: slug(), type: slug(), capability: slug() },
      { required: 'exactly one of system_id, type, capability' },
    ),
  });
}

/** A repeated field: how many, what each must keep, and with `uniqueBy` a key that no two may share. */
export function list<T>(
  item: ZodType,
  options: { min?: number; max: number; uniqueBy?: (item: T) => string },
): ZodType<T[]> {
  const { min = 0, max, uniqueBy } = options;
  return z.custom<T[]>().superRefine((items, context) => {
    if (items.length < min || items.length > max) {
      context.addIssue({
        code: 'custom',
        message: `must have ${min > 0 ? `${min} to` : 'at most'} ${max} items`,
      });
      if (items.length > max) return;
    }
    const seen = new Map<string, number>();
    items.forEach((each, index) => {
      reportAll(context, item.safeParse(each), [index]);
      const key = uniqueBy?.(each);
      if (key === undefined) return;
      const first = seen.get(key);
      if (first === undefined) seen.set(key, index);
      else {
        context.addIssue({
          code: 'custom',
          path: [index],
          message: `must not repeat item [${first}]`,
          params: { found: JSON.stringify(key.slice(0, 64)) },
        });
      }
    });
  });
}

/** A map with text keys: how many entries, and what each key and value must keep. */
export function map(options: {
  entriesMax: number;
  key: ZodType<string>;
  value: ZodType;
}): ZodType<Record<string, unknown>> {
  return z.custom<Record<string, unknown>>().superRefine((entries, context) => {
    const keys = Object.keys(entries);
    if (keys.length > options.entriesMax) {
      context.addIssue({
        code: 'custom',
        message: `must have at most ${options.entriesMax} entries`,
        params: { found: String(keys.length) },
      });
      return;
    }
    for (const key of keys) {
      for (const issue of options.key.safeParse(key).error?.issues ?? []) {
        context.addIssue({
          code: 'custom',
          path: [key],
          message: `key ${issue.message}`,
          params: { found: JSON.stringify(key.slice(0, 64)) },
        });
      }
      reportAll(context, options.value.safeParse(entries[key]), [key]);
    }
  });
}

/** Labels: at most 64, keys 1 to 128 characters, values at most 256. */
export function labels(): ZodType<Record<string, unknown>> {
  return map({
    entriesMax: 64,
    key: text({ charactersMax: 128, required: true }),
    value: text({ charactersMax: 256 }),
  });
}

/** Message headers: at most 64, lower-case HTTP header names, values of printable ASCII, in all at most 16 KiB. */
export function headers(): ZodType {
  const bytesMax = 16 * 1024;
  return map({
    entriesMax: 64,
    key: rule((key) =>
      headerNamePattern.test(key) && key.length <= 256
        ? undefined
        : 'must be a lower-case HTTP header name of at most 256 bytes',
    ),
    value: rule<string>((value) => (headerValuePattern.test(value) ? undefined : 'must be printable ASCII')),
  }).superRefine((entries, context) => {
    const size = Object.entries(entries).reduce(
      (sum, [key, value]) => sum + key.length + String(value).length,
      0,
    );
    if (size > bytesMax) {
      context.addIssue({
        code: 'custom',
        message: `must be at most ${bytesMax} bytes in all`,
        params: { found: `${size} bytes` },
      });
    }
  });
}

/** A Struct field (a plain JSON object in protobuf-es): size as JSON text and depth; unset is allowed. */
export function struct(options: { bytesMax: number; depthMax?: number }): ZodType {
  const { bytesMax, depthMax = 32 } = options;
  return unsetAllowed<unknown>(true, (value) => {
    if (depthOf(value, depthMax) > depthMax) {
      return { message: `must be nested at most ${depthMax} deep`, found: 'deeper ones' };
    }
    const size = Buffer.byteLength(JSON.stringify(value));
    return size <= bytesMax
      ? undefined
      : { message: `must be at most ${bytesMax} bytes as JSON`, found: `${size} bytes` };
  });
}

/** A required FieldMask of these paths (proto names), at least one. */
export function fieldMask(paths: readonly string[]): ZodType<FieldMask | undefined> {
  return rule((mask) => {
    if (mask === undefined || mask.paths.length === 0)
      return `is required: one or more of ${paths.join(', ')}`;
    const unknown = mask.paths.filter((path) => !paths.includes(path));
    if (unknown.length === 0) return undefined;
    return {
      message: `must name whole fields, of ${paths.join(', ')}`,
      found: JSON.stringify(unknown.slice(0, 10).map((path) => path.slice(0, 64))),
    };
  });
}

/** How deep lists and objects are nested, counted no further than one past `depthMax`. */
export function depthOf(value: unknown, depthMax: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depthMax < 0) return 1;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner, depthMax - 1));
  return deepest + 1;
}

/** zod takes an absent property for a fault unless its rule is optional; an optional rule does not see `undefined`. */
function unsetAllowed<T>(
  allowed: boolean,
  check: Parameters<typeof rule<T | undefined>>[0],
): ZodType<T | undefined> {
  const checked = rule<T | undefined>(check);
  return allowed ? checked.optional() : checked;
}

/** Reports what a nested rule found, under its path. */
function reportAll(
  context: z.RefinementCtx,
  result: z.ZodSafeParseResult<unknown> | undefined,
  path: PropertyKey[],
): void {
  for (const issue of result?.error?.issues ?? []) {
    context.addIssue({ ...issue, path: [...path, ...issue.path], continue: true });
  }
}

function shownMs(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  if (ms % 86_400_000 === 0) return `${ms / 86_400_000} d`;
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  return `${ms / 1000} s`;
}
