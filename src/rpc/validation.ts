import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { ZodType } from 'zod';
import type { FieldViolation } from '../base/error.ts';

/** Characters of a found value that a violation shows. */
const foundCharactersMax = 64;

/**
 * Checks a protobuf-es message against its rules (see field-rules.ts) and returns everything that is wrong with it,
 * empty when nothing is. Paths are the request's own: proto field names, oneof cases resolved, list items and map
 * keys in brackets (`system.interfaces[0].uri`, `message.target.type`, `system.labels["zone"]`). Descriptions end with what was
 * found, unless the rule gave `params: {found}` itself (an empty one says nothing: for secrets).
 */
export function violationsOf(
  description: DescMessage,
  rules: ZodType,
  message: unknown,
): readonly FieldViolation[] {
  const result = rules.safeParse(message);
  if (result.success) return [];
  return result.error.issues.map((issue) => {
    const params = 'params' in issue ? issue.params : undefined;
    const found: unknown = params?.['found'] ?? showFound(valueAt(message, issue.path));
    return {
      field: fieldPath(description, message, issue.path),
      description:
        typeof found === 'string' && found !== '' ? `${issue.message}; found ${found}` : issue.message,
    };
  });
}

/**
 * The path of a field as the proto spells it, from the property path of a protobuf-es message. The message itself
 * is needed to resolve which case of a oneof is meant. What lies inside a Struct is written as it is.
 */
export function fieldPath(description: DescMessage, message: unknown, path: readonly PropertyKey[]): string {
  let text = '';
  let parent: DescMessage | undefined = description;
  let value: unknown = message;
  for (let at = 0; at < path.length; at += 1) {
    const key = String(path[at]);
    const oneof: boolean | undefined = parent?.oneofs.some((each) => each.localName === key);
    if (parent !== undefined && oneof === true) {
      // {case, value}: the case names the field; without one the parent is what is wrong.
      const chosen = propertyOf(value, key);
      const field: DescField | undefined = parent.fields.find(
        (each) => each.localName === propertyOf(chosen, 'case'),
      );
      at += 1;
      if (field === undefined || path[at] !== 'value') continue;
      text = joined(text, field.name);
      parent = field.message;
      value = propertyOf(chosen, 'value');
      continue;
    }
    const field: DescField | undefined = parent?.fields.find((each) => each.localName === key);
    value = propertyOf(value, key);
    if (field === undefined) {
      text = typeof path[at] === 'number' ? `${text}[${key}]` : joined(text, key);
      parent = undefined;
      continue;
    }
    text = joined(text, field.name);
    parent = field.message;
    if ((field.fieldKind === 'list' || field.fieldKind === 'map') && at + 1 < path.length) {
      at += 1;
      const inner = path[at];
      text += field.fieldKind === 'list' ? `[${String(inner)}]` : `[${quoted(String(inner))}]`;
      value = propertyOf(value, String(inner));
    }
  }
  return text;
}

/** A value as a violation shows it: short, on one line, bytes and messages only by their size. */
export function showFound(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return value === '' ? 'an empty text' : quoted(value);
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  if (Array.isArray(value)) return value.length === 1 ? '1 item' : `${value.length} items`;
  const seconds = propertyOf(value, 'seconds');
  const nanos = propertyOf(value, 'nanos');
  if (typeof seconds === 'bigint' && typeof nanos === 'number') return `${Number(seconds) + nanos / 1e9} s`;
  return '';
}

function quoted(text: string): string {
  const cut = Array.from(text.slice(0, foundCharactersMax * 2))
    .slice(0, foundCharactersMax)
    .join('');
  return JSON.stringify(cut) + (cut.length < text.length ? '…' : '');
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function valueAt(message: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => propertyOf(value, String(key)), message);
}

function propertyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
