import { mappedDepthMax } from '../limits.ts';
import { MappingFault } from './mapping-fault.ts';

/** Begins the text that stands for a number which a double cannot hold. */
const mark = '\u0000number:';
const numberPattern = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/**
 * Parses JSON so that no number changes: one that a double cannot hold (an id of 20 digits) becomes a marked text,
 * which {@link exactJsonText} and {@link scalarText} write as the number that it was. Expressions can pass it on, and
 * fail when they calculate with it. Throws SyntaxError for what is not JSON.
 */
export function parseExactJson(text: string): unknown {
  // The reviver is slow; it is needed only where a number could be long or huge, or a text hold the mark (escaped).
  if (!/[0-9][0-9.]{15}|[0-9][eE][+-]?[0-9]{2}|\\u0000/.test(text)) return JSON.parse(text);
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    if (typeof value === 'string' && value.includes(mark))
      throw new SyntaxError('it holds a text that would be taken for a number');
    return typeof value === 'number' && context?.source !== undefined && !isExact(value, context.source)
      ? mark + context.source
      : value;
  };
  return JSON.parse(text, revive);
}

/** A text, number or boolean as people write it; undefined for anything else. */
export function scalarText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return unmarked(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : undefined;
    case 'boolean':
      return String(value);
    default:
      return undefined;
  }
}

/**
 * A mapped value as JSON. Throws {@link MappingFault} naming `field` for what JSON cannot hold (a function, NaN,
 * nothing at all), a value deeper than {@link mappedDepthMax}, and a text of more than `bytesMax` bytes.
 */
export function exactJsonText(value: unknown, field: string, bytesMax: number): string {
  const pieces: string[] = [];
  let length = 0;
  const put = (piece: string): void => {
    length += piece.length;
    if (length > bytesMax) throw new MappingFault(field, `the result is larger than ${bytesMax} bytes`);
    pieces.push(piece);
  };
  const write = (inner: unknown, depth: number): void => {
    if (depth > mappedDepthMax)
      throw new MappingFault(field, `the result is deeper than ${mappedDepthMax} levels`);
    if (inner === null) put('null');
    else if (typeof inner === 'string') put(stringText(inner));
    else if (typeof inner === 'boolean' || (typeof inner === 'number' && Number.isFinite(inner)))
      put(String(inner));
    else if (Array.isArray(inner)) {
      put('[');
      for (const [index, item] of inner.entries()) {
        if (index > 0) put(',');
        write(item ?? null, depth + 1);
      }
      put(']');
    } else if (typeof inner === 'object' && !('_jsonata_function' in inner || '_jsonata_lambda' in inner)) {
      let first = true;
      put('{');
      for (const [key, item] of Object.entries(inner)) {
        if (item === undefined) continue;
        put(`${first ? '' : ','}${JSON.stringify(unmarked(key))}:`);
        first = false;
        write(item, depth + 1);
      }
      put('}');
    } else throw new MappingFault(field, `the result holds ${nameOf(inner)}, which JSON cannot hold`);
  };
  write(value, 0);
  const text = pieces.join('');
  if (Buffer.byteLength(text) > bytesMax)
    throw new MappingFault(field, `the result is larger than ${bytesMax} bytes`);
  return text;
}

function stringText(text: string): string {
  if (!text.includes(mark)) return JSON.stringify(text);
  const number = text.slice(mark.length);
  return text.startsWith(mark) && numberPattern.test(number) ? number : JSON.stringify(unmarked(text));
}

function unmarked(text: string): string {
  return text.includes(mark) ? text.replaceAll(mark, '') : text;
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'number' ? String(value) : 'a function';
}

/** Whether a double holds exactly what the source says: tiny ones have fewer digits than 15. */
function isExact(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  const digits = significant(source);
  if (value === 0) return digits === '';
  return digits === significant(String(value));
}

/** Digits of a number without sign, point, exponent and zeros at the ends. */
function significant(number: string): string {
  return (number.split(/[eE]/)[0] ?? '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
}
