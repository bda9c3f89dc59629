import { scalarText } from './exact-json.ts';
import { MappingFault } from './mapping-fault.ts';
import type { MappingInput } from './mapping-input.ts';

/** A place of a template that a value is put into: `{owner.id}` of the payload, `{$message.id}` of the message. */
export interface Placeholder {
  /** As it stands between the braces. */
  readonly name: string;
  readonly from: 'payload' | 'message';
  readonly path: readonly string[];
}

/** Literal texts and placeholders, in order. */
export type Template = readonly (string | Placeholder)[];

export type ParsedTemplate =
  | { readonly ok: true; readonly template: Template }
  /** What is wrong, and where. */
  | { readonly ok: false; readonly problem: string };

const placeholderPattern = /^(\$message\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/**
 * Parses `/pets/{id}`. A placeholder is a path of names and list indexes (`{items.0.id}`) from the payload, or from
 * the message with `$message.` before it. `{{` and `}}` stand for braces.
 */
export function parseTemplate(text: string): ParsedTemplate {
  const template: (string | Placeholder)[] = [];
  let literal = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char !== '{' && char !== '}') {
      literal += char;
    } else if (text.charAt(at + 1) === char) {
      literal += char;
      at += 1;
    } else {
      const end = text.indexOf('}', at);
      if (char === '}' || end < 0)
        return {
          ok: false,
          problem: `has a ${char} at character ${at} without its other half; write ${char}${char} for the character itself`,
        };
      const name = text.slice(at + 1, end);
      if (!placeholderPattern.test(name))
        return {
          ok: false,
          problem: `has {${name}} at character ${at}; a placeholder is a path such as {id}, {owner.id} or {$message.id}`,
        };
      if (literal !== '') template.push(literal);
      literal = '';
      template.push(placeholderOf(name));
      at = end;
    }
  }
  if (literal !== '') template.push(literal);
  return { ok: true, template };
}

/** What a placeholder stands for: own fields only; undefined where there is none. Throws MappingFault for no JSON. */
export function valueOf({ from, path }: Placeholder, input: MappingInput): unknown {
  let value: unknown = input[from];
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** The placeholder's value as text; undefined when it is absent or null. Throws MappingFault for lists and objects. */
export function textOf(placeholder: Placeholder, input: MappingInput, field: string): string | undefined {
  const value = valueOf(placeholder, input);
  if (value === undefined || value === null) return undefined;
  const text = scalarText(value);
  if (text !== undefined) return text;
  const found = Array.isArray(value) ? 'a list' : 'an object';
  throw new MappingFault(
    field,
    `the placeholder {${placeholder.name}} is ${found}; it must be a text, a number or a boolean`,
  );
}

/**
 * The template with its values. Undefined when a value is absent; throws {@link MappingFault} for one that is no text.
 */
export function renderTemplate(template: Template, input: MappingInput, field: string): string | undefined {
  let text = '';
  for (const part of template) {
    const piece = typeof part === 'string' ? part : textOf(part, input, field);
    if (piece === undefined) return undefined;
    text += piece;
  }
  return text;
}

function placeholderOf(name: string): Placeholder {
  const message = name.startsWith('$message.');
  return {
    name,
    from: message ? 'message' : 'payload',
    path: (message ? name.slice('$message.'.length) : name).split('.'),
  };
}
