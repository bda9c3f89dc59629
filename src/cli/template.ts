import { UsageError } from './usage-error.ts';

/** Values of one message of a batch. */
export interface TemplateValues {
  /** Number of the message, from 1. */
  readonly n: number;
  /** Epoch ms. */
  readonly nowMs: number;
  /** A new UUID each time that it is asked for. */
  readonly uuid: () => string;
  /** The line of the input that the message is made from; undefined without `--lines`. */
  readonly line: string | undefined;
  readonly variable: (name: string) => string | undefined;
}

/** A text with its placeholders found; renders one message after the other. */
export type Template = (values: TemplateValues) => string;

/** What stands between the braces: a name, and `json ` before it for a JSON value. */
const placeholder = /\{\{\s*(json\s+)?([A-Za-z_][\w.-]*)\s*\}\}/g;
const names = 'n, uuid, now, now_ms, line, line.FIELD, env.NAME';

/** The placeholders, for the help of `send`. */
export const templateHelp = `
Placeholders, in the payload, --type, --header, --id, --source and --correlation-id; with --count, --lines, --rate or
--template:
  {{n}}           number of the message, from 1
  {{uuid}}        a new UUID
  {{now}}         the time, 2026-01-02T03:04:05.678Z; {{now_ms}} in ms since 1970
  {{line}}        the line of --lines; {{line.user.id}} a field of it, when it is JSON
  {{env.NAME}}    an environment variable
  {{json line}}   the same as a JSON value, in quotes where it is text: {"row": {{json line}}}`;

/**
 * Finds the placeholders of a text: `{{name}}` puts the value in as it is, `{{json name}}` as a JSON value (a line that
 * is JSON as that value). Deliberately no more than that: a template engine would bring escaping for HTML, and sections
 * that nobody needs in a shell. Throws UsageError for a name that does not exist.
 */
export function compileTemplate(text: string, where: string): Template {
  const parts: (string | Template)[] = [];
  let end = 0;
  for (const match of text.matchAll(placeholder)) {
    const [whole, json, name = ''] = match;
    parts.push(text.slice(end, match.index), valueOf(name, json !== undefined, where));
    end = match.index + whole.length;
  }
  const rest = text.slice(end);
  if (parts.length === 0) return () => text;
  return (values) => parts.map((part) => (typeof part === 'string' ? part : part(values))).join('') + rest;
}

function valueOf(name: string, asJson: boolean, where: string): Template {
  const [root = '', ...path] = name.split('.');
  const value = lookupOf(root, path, name, where);
  if (!asJson) return (values) => textOf(value(values));
  return (values) => {
    const found = value(values);
    // A whole line that is JSON goes in letter by letter: large numbers would not survive being read.
    if (root === 'line' && path.length === 0 && jsonOf(String(found)) !== undefined) return String(found);
    return JSON.stringify(found);
  };
}

function lookupOf(
  root: string,
  path: readonly string[],
  name: string,
  where: string,
): (values: TemplateValues) => unknown {
  if (root === 'env' && path.length > 0) return ({ variable }) => environmentValue(variable, path.join('.'));
  if (root === 'line') return (values) => lineValue(values.line, path);
  if (path.length === 0) {
    if (root === 'n') return ({ n }) => n;
    if (root === 'uuid') return ({ uuid }) => uuid();
    if (root === 'now') return ({ nowMs }) => new Date(nowMs).toISOString();
    if (root === 'now_ms') return ({ nowMs }) => nowMs;
  }
  throw new UsageError(
    `${where}: there is no placeholder {{${name}}}; there are ${names} (--no-template leaves braces alone)`,
  );
}

function environmentValue(variable: TemplateValues['variable'], name: string): string {
  const value = variable(name);
  if (value === undefined) throw new UsageError(`{{env.${name}}}: the variable ${name} is not set`);
  return value;
}

function lineValue(line: string | undefined, path: readonly string[]): unknown {
  if (line === undefined) throw new UsageError('{{line}} needs --lines');
  if (path.length === 0) return line;
  let value = jsonOf(line);
  if (value === undefined)
    throw new UsageError(`{{line.${path.join('.')}}}: the line is not JSON: ${line.slice(0, 100)}`);
  for (const step of path) {
    const inner: unknown =
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string, unknown>)[step]
        : undefined;
    if (inner === undefined) {
      throw new UsageError(
        `{{line.${path.join('.')}}}: the line has no field ${step}: ${line.slice(0, 100)}`,
      );
    }
    value = inner;
  }
  return value;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON: the caller says what that means.
    return undefined;
  }
}
