/**
 * Writes the reference of the hub's settings from the zod schemas that check them. Argument: the folder. Run by
 * scripts/generate.sh.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { formatDuration } from '../src/base/duration-text.ts';
import { fallbackStepFile, policyFile } from '../src/catalog/policy-file.ts';
import { configSchema } from '../src/hub/config-schema.ts';
import { policyTable } from './policy-table.ts';

interface Setting {
  readonly path: string;
  readonly type: string;
  readonly defaultText: string;
  readonly meaning: string;
}

/** A schema without what is wrapped around it, and what the wrappers say. */
interface Bare {
  readonly schema: z.ZodType;
  readonly defaultValue: unknown;
  readonly description: string;
}

const folder = process.argv[2] ?? 'gen/docs';
mkdirSync(folder, { recursive: true });
const settings = settingsOf(configSchema, '');
const matchFields = settingsOf(policyFile, '').filter(({ path }) => path.startsWith('match.'));
writeFileSync(
  join(folder, 'configuration.md'),
  `${[
    '<!-- Written by `npm run gen` from src/hub/config-schema.ts. Do not edit. -->',
    '# Every setting',
    'How settings are given and changed is in [docs/configuration.md](../../docs/configuration.md).',
    table('setting', settings, ({ path }) => variableOf(path)),
    '## A policy',
    'The fields of an entry of `policies`, here, in a catalog and in a file for `switchyard policies put`: `name` (required, a slug), `match`, and what it says.',
    table('field', matchFields),
    policyTable(),
    '### A step of `fallback`',
    'Exactly one of `target`, `same_type`, `static_reply`, `last_good`.',
    table('field', settingsOf(fallbackStepFile, '')),
    ...lists(configSchema, ''),
  ].join('\n\n')}\n`,
);

function table(name: string, rows: readonly Setting[], variable?: (setting: Setting) => string): string {
  const head = [name, 'type', 'default', ...(variable === undefined ? [] : ['variable']), 'meaning'];
  const lines = rows.map((row) => [
    `\`${row.path}\``,
    row.type,
    row.defaultText,
    ...(variable === undefined ? [] : [`\`${variable(row)}\``]),
    row.meaning,
  ]);
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A table of its own for each list of sections, such as `auth.certificates`. */
function* lists(schema: z.ZodType, path: string): Generator<string> {
  const bare = unwrap(schema).schema;
  if (!(bare instanceof z.ZodObject)) return;
  for (const [key, value] of Object.entries(bare.shape)) {
    const inner = path === '' ? key : `${path}.${key}`;
    const { schema: field, description } = unwrap(value as z.ZodType);
    if (field instanceof z.ZodArray && unwrap(field.element as z.ZodType).schema instanceof z.ZodObject) {
      if (inner === 'policies') continue;
      yield `## An entry of \`${inner}\`\n\n${description}\n\n${table('field', settingsOf(field.element as z.ZodType, ''))}`;
    } else yield* lists(field, inner);
  }
}

function settingsOf(schema: z.ZodType, path: string): Setting[] {
  const { schema: bare, defaultValue, description } = unwrap(schema);
  if (bare instanceof z.ZodObject && Object.keys(bare.shape).length > 0) {
    return Object.entries(bare.shape).flatMap(([key, value]) =>
      settingsOf(value as z.ZodType, path === '' ? key : `${path}.${key}`),
    );
  }
  return [
    { path, type: typeOf(bare), defaultText: defaultOf(bare, defaultValue), meaning: inCell(description) },
  ];
}

function unwrap(schema: z.ZodType): Bare {
  let bare: z.ZodType = schema;
  let defaultValue: unknown;
  let description = schema.description ?? '';
  while (
    bare instanceof z.ZodDefault ||
    bare instanceof z.ZodPrefault ||
    bare instanceof z.ZodOptional ||
    (bare instanceof z.ZodPipe && !isDuration(bare))
  ) {
    if (bare instanceof z.ZodDefault) defaultValue ??= bare.def.defaultValue;
    bare = (bare instanceof z.ZodPipe ? bare.in : bare.unwrap()) as z.ZodType;
    description ||= bare.description ?? '';
  }
  return { schema: bare, defaultValue, description };
}

/** Text that is read as milliseconds. */
function isDuration(schema: z.ZodType): boolean {
  const pattern = schema.meta()?.['pattern'];
  return typeof pattern === 'string' && pattern.includes('ms|s|m|h|d');
}

function typeOf(schema: z.ZodType): string {
  if (isDuration(schema)) return 'duration';
  if (schema instanceof z.ZodObject) return '`{}`';
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => `\`${option}\``).join(', ');
  if (schema instanceof z.ZodBoolean) return '`true`, `false`';
  if (schema instanceof z.ZodNumber) {
    const { minValue, maxValue } = schema;
    return Number.isFinite(minValue) && Number.isFinite(maxValue) ? `${minValue} to ${maxValue}` : 'number';
  }
  if (schema instanceof z.ZodArray) {
    const element = unwrap(schema.element as z.ZodType).schema;
    return element instanceof z.ZodObject ? 'list of entries' : `list of ${typeOf(element)}`;
  }
  return 'text';
}

function defaultOf(schema: z.ZodType, value: unknown): string {
  if (value === undefined) return 'unset';
  if (Array.isArray(value) && value.length === 0) return 'none';
  if (isDuration(schema) && typeof value === 'number') return `\`${formatDuration(value)}\``;
  return `\`${Array.isArray(value) ? value.join(', ') : JSON.stringify(value).replaceAll('"', '')}\``;
}

function variableOf(path: string): string {
  return `SWITCHYARD_${path.replaceAll('.', '_').toUpperCase()}`;
}

function inCell(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll('|', '\\|');
}
