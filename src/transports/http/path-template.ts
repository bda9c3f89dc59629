import { MappingFault } from '../mapping/mapping-fault.ts';
import type { MappingInput } from '../mapping/mapping-input.ts';
import { parseTemplate, type Template, textOf } from '../mapping/template.ts';

/** A path whose segments hold placeholders; rendering it never changes how many segments there are. */
export interface PathTemplate {
  readonly segments: readonly Template[];
  readonly encodedSlashes: boolean;
}

export type ParsedPath =
  { readonly ok: true; readonly path: PathTemplate } | { readonly ok: false; readonly problem: string };

/** Parses the path of an operation: `/pets/{id}/photos`. */
export function parsePath(text: string, encodedSlashes: boolean): ParsedPath {
  const refuse = (problem: string): ParsedPath => ({ ok: false, problem });
  if (!text.startsWith('/')) return refuse('must begin with /');
  const whole = parseTemplate(text);
  if (!whole.ok) return refuse(whole.problem);
  const segments: Template[] = [];
  const pieces = text.slice(1).split('/');
  for (const [index, piece] of pieces.entries()) {
    // A placeholder holds no slash, so that each segment parses on its own.
    const parsed = parseTemplate(piece);
    if (!parsed.ok) return refuse(parsed.problem);
    const { template } = parsed;
    const last = index === pieces.length - 1;
    if (template.length === 0 && !last) return refuse('holds //, an empty segment');
    const literal = template.filter((part) => typeof part === 'string').join('');
    const bad = /[^\x21-\x7e]|[?#\\]/.exec(literal);
    if (bad !== null)
      return refuse(
        `holds ${JSON.stringify(bad[0])}; a path is visible ASCII without ?, # and \\ (parameters go into query)`,
      );
    if (/%(?![0-9A-Fa-f]{2})/.test(literal)) return refuse('holds a % that begins no percent-encoding');
    if (template.every((part) => typeof part === 'string') && isDots(literal))
      return refuse(`holds the segment ${piece}, which leaves the path`);
    segments.push(template);
  }
  return { ok: true, path: { segments, encodedSlashes } };
}

/**
 * The path with its values, percent-encoded. Throws {@link MappingFault} naming the placeholder whose value is missing
 * or empty, or would change the path: `..`, a control character, and a slash unless the operation allows it.
 */
export function renderPath({ segments, encodedSlashes }: PathTemplate, input: MappingInput): string {
  let path = '';
  for (const segment of segments) {
    let text = '';
    for (const part of segment) {
      if (typeof part === 'string') {
        text += part;
        continue;
      }
      const value = textOf(part, input, 'path');
      const refuse = (cause: string): MappingFault =>
        new MappingFault('path', `the value of {${part.name}} ${cause}`);
      if (value === undefined) throw refuse('is missing; the message must hold it');
      if (value === '') throw refuse('is empty');
      // eslint-disable-next-line no-control-regex -- control characters are what is looked for
      if (/[\u0000-\u001f\u007f]/.test(value) || !value.isWellFormed())
        throw refuse('holds characters that a path cannot carry');
      if (!encodedSlashes && /[/\\]/.test(value))
        throw refuse('holds a / or \\; the operation must say encoded_slashes: true to allow it');
      if (value.split(/[/\\]/).some(isDots)) throw refuse('holds . or .. as a segment of a path');
      text += encodeURIComponent(value);
    }
    path += `/${text}`;
  }
  return path;
}

/** A segment that URL parsers take for "here" or "one up", encoded or not. */
function isDots(segment: string): boolean {
  return /^(?:\.|%2e){1,2}$/i.test(segment);
}
