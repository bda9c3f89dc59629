/**
 * Every field of a policy as a Markdown table, from the one table in the code (src/resilience/policy-fields.ts): for
 * gen/docs/configuration.md and docs/resilience.md.
 */
import { formatDuration } from '../src/base/duration-text.ts';
import { policyDefaultText } from '../src/catalog/policy-file.ts';
import {
  type PolicyField,
  type PolicyFieldDescription,
  policyFieldName,
  policyFieldPaths,
  policyFields,
} from '../src/resilience/policy-fields.ts';

/** The table, without a line break at its end. `prefix` keeps only the fields whose names begin with it: `breaker.`. */
export function policyTable(prefix = ''): string {
  const head = ['field', 'values', 'default', 'in a policy that matches', 'what it does'];
  const rows = policyFieldPaths
    .filter((path) => policyFieldName(path).startsWith(prefix))
    .map((path) => [
      `\`${policyFieldName(path)}\``,
      valuesOf(policyFields[path]),
      defaultOf(path),
      policyFields[path].sharedByTarget === undefined ? 'anything' : 'targets alone',
      `${inCell(policyFields[path].says)}.`,
    ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function valuesOf(field: PolicyFieldDescription): string {
  switch (field.kind) {
    case 'duration':
      return `${formatDuration(field.min)} to ${formatDuration(field.max)}`;
    case 'count':
    case 'number':
      return `${numberText(field.min)} to ${numberText(field.max)}`;
    case 'flag':
      return '`true`, `false`';
    case 'choice':
      return field.of.map((choice) => `\`${choice}\``).join(', ');
    case 'text':
      return `text of at most ${field.charsMax} characters`;
    case 'texts':
      return `at most ${field.entriesMax} texts`;
    case 'fallback':
      return `at most ${field.entriesMax} steps`;
  }
}

function defaultOf(path: PolicyField): string {
  const field = policyFields[path];
  if (field.default === undefined) return 'see right';
  return Array.isArray(field.default) ? 'none' : `\`${policyDefaultText(path) ?? ''}\``;
}

function numberText(value: number): string {
  return value.toLocaleString('en');
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
