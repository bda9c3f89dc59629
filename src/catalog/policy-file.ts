import { z } from 'zod';
import { formatDuration } from '../base/duration-text.ts';
import { messageKinds } from '../base/message.ts';
import { fallbackDefaults, matchEntriesMax, type PolicyMatch } from '../resilience/policy.ts';
import { fallbackBounds } from '../resilience/policy-fallback-violations.ts';
import {
  matchLists,
  type PolicyField,
  type PolicyFieldDescription,
  policyFieldName,
  policyFieldPaths,
  policyFields,
  type PolicyGroup,
  policyGroups,
  setPolicyValue,
} from '../resilience/policy-fields.ts';
import { anyJson, duration, fields, list, number, slug, text, whole } from './setting-rules.ts';
import { targetFile } from './system-file.ts';

const { timeoutMs, attempts, maxAgeMs } = fallbackBounds;
const targetsAlone = ' Only in a policy that matches targets alone.';

/** One step of a fallback chain, in files. */
export const fallbackStepFile = fields({
  target: targetFile.optional().describe('Another target is asked.'),
  same_type: fields({})
    .optional()
    .describe(
      'Another system of the type of the system that was addressed: {}. Only for messages to a system.',
    ),
  static_reply: fields({
    status: text(64, 1).optional().describe('Status of the reply; 200 when unset.'),
    content_type: text(256, 1)
      .optional()
      .describe('Content type; application/json, text/plain or application/octet-stream when unset.'),
    json: anyJson().optional().describe('The reply as JSON.'),
    text: z.string().optional().describe('The reply as text.'),
    data: z.base64('must be base64').optional().describe('The reply as bytes, in base64.'),
  })
    .refine(
      ({ json, text: plain, data }) => [json, plain, data].filter((each) => each !== undefined).length <= 1,
      'must have at most one of json, text, data',
    )
    .optional()
    .describe('A fixed reply, at most 64 KiB; it always answers, so it comes last.'),
  last_good: fields({
    max_age: duration(maxAgeMs.min, maxAgeMs.max)
      .optional()
      .describe(
        `Oldest reply that is good enough; ${formatDuration(fallbackDefaults.lastGoodMaxAgeMs)} when unset.`,
      ),
  })
    .optional()
    .describe('The last good reply to the same question. Only for SAFE messages; the answer says its age.'),
  timeout: duration(timeoutMs.min, timeoutMs.max)
    .optional()
    .describe(
      `Time for this step, within the deadline; ${formatDuration(fallbackDefaults.timeoutMs)} when unset.`,
    ),
  attempts: whole(attempts.min, attempts.max)
    .optional()
    .describe(`Attempts of this step; ${fallbackDefaults.attempts} when unset.`),
})
  .refine(
    ({ target, same_type, static_reply, last_good }) =>
      [target, same_type, static_reply, last_good].filter((each) => each !== undefined).length === 1,
    'must have exactly one of target, same_type, static_reply, last_good',
  )
  .meta({ title: 'FallbackStep' });

/** A fallback step once read: durations in ms. */
export type FallbackStepSettings = z.output<typeof fallbackStepFile>;

/**
 * One policy as catalogs and the hub's configuration spell it: the fields of the table policy-fields.ts. What goes with
 * what (a breaker only where the match names targets alone) policyViolations in resilience says.
 */
export const policyFile = fields({
  name: slug().describe('Unique name, a slug.'),
  match: fields(matchShape())
    .prefault({})
    .describe('What it applies to: every list that is not empty must hold, and within a list any entry.'),
  ...fieldShape(),
}).meta({ title: 'Policy' });

/** A policy once read: durations in ms. Fields by the names and in the groups of the table. */
export interface PolicySettings {
  readonly name: string;
  readonly match: Readonly<Record<string, readonly string[]>>;
  readonly [field: string]: unknown;
}

function matchShape(): Record<string, z.ZodType<readonly string[]>> {
  return Object.fromEntries(
    Object.entries(matchLists).map(([name, says]) => {
      const entry = (name as keyof PolicyMatch) === 'kinds' ? z.enum(messageKinds) : z.string();
      return [policyFieldName(name), list(entry, matchEntriesMax).default([]).describe(`${says}.`)];
    }),
  );
}

function fieldShape(): Record<string, z.ZodType> {
  const tree: Record<string, unknown> = {};
  for (const path of policyFieldPaths) {
    setPolicyValue(
      tree,
      policyFieldName(path),
      schemaOf(policyFields[path]).optional().describe(meaningOf(path)),
    );
  }
  const groups = Object.fromEntries(
    Object.entries(policyGroups).map(([group, says]) => [policyFieldName(group), { group, says }]),
  );
  const shapeOf = (part: Readonly<Record<string, unknown>>, at: string): Record<string, z.ZodType> =>
    Object.fromEntries(
      Object.entries(part).map(([name, inner]) => {
        if (inner instanceof z.ZodType) return [name, inner];
        const path = at === '' ? name : `${at}.${name}`;
        const { group = '', says = '' } = groups[path] ?? {};
        const sections = fields(shapeOf(inner as Readonly<Record<string, unknown>>, path));
        return [name, sections.optional().describe(`${says}.${whereOf(group as PolicyGroup)}`)];
      }),
    );
  return shapeOf(tree, '');
}

function schemaOf(field: PolicyFieldDescription): z.ZodType {
  switch (field.kind) {
    case 'duration':
      return duration(field.min, field.max);
    case 'count':
      return whole(field.min, field.max);
    case 'number':
      return number(field.min, field.max);
    case 'flag':
      return z.boolean();
    case 'choice':
      return z.enum(field.of);
    case 'text':
      return text(field.charsMax, 1);
    case 'texts':
      return list(z.string(), field.entriesMax);
    case 'fallback':
      return list(fallbackStepFile, field.entriesMax);
  }
}

/** What a field does, its default, and where it may stand. */
export function meaningOf(path: PolicyField): string {
  const field = policyFields[path];
  const byDefault = policyDefaultText(path);
  const end =
    byDefault === undefined
      ? '.'
      : `${/[.;]/.test(field.says) ? '. ' : '; '}${byDefault} when no policy says.`;
  const alone = path.includes('.') || field.sharedByTarget === undefined ? '' : targetsAlone;
  return `${field.says}${end}${alone}`;
}

/** A field's default as files spell it; undefined: something else decides, or it is empty. */
export function policyDefaultText(path: PolicyField): string | undefined {
  const field = policyFields[path];
  if (field.default === undefined) return undefined;
  if (field.kind === 'duration') return formatDuration(field.default);
  if (Array.isArray(field.default)) return undefined;
  return String(field.default);
}

/** Said of a group all of whose fields are shared by the messages to a target. */
function whereOf(group: PolicyGroup): string {
  const within = policyFieldPaths.filter((path) => path.startsWith(`${group}.`));
  return within.every((path) => policyFields[path].sharedByTarget !== undefined) ? targetsAlone : '';
}
