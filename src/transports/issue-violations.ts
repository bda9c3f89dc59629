import { z } from 'zod';
import type { SettingViolation } from '../base/transport.ts';

/**
 * Every violation of a schema, with its path below `base` (`settings`, `routes[0].operation`; empty: none): an unknown
 * field under its own name with those that are allowed, and within the alternatives of a union those of the one that
 * comes closest.
 */
export function schemaViolations(schema: z.ZodType, value: unknown, base: string): SettingViolation[] {
  const checked = schema.safeParse(value);
  return checked.success ? [] : checked.error.issues.flatMap((issue) => violationsOf(issue, base, schema));
}

function violationsOf(issue: z.core.$ZodIssue, base: string, schema: z.ZodType): SettingViolation[] {
  const path = issue.path.reduce<string>(
    (sofar, step) => (typeof step === 'number' ? `${sofar}[${step}]` : under(sofar, String(step))),
    base,
  );
  if (issue.code === 'unrecognized_keys') {
    const allowed = keysAt(schema, issue.path);
    const hint = allowed.length === 0 ? '' : `; allowed here are ${allowed.join(', ')}`;
    return issue.keys.map((key) => ({ path: under(path, key), message: `is no field${hint}` }));
  }
  // A schema that says itself what is allowed says it best.
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid'))
    return [{ path, message: `must be one of ${issue.values.map(String).join(', ')}` }];
  if (issue.code !== 'invalid_union' || issue.message !== 'Invalid input')
    return [{ path, message: issue.message }];
  const closest = issue.errors.find((inner) =>
    inner.some((found) => found.path.length > 0 || found.code !== 'invalid_type'),
  );
  if (closest === undefined) return [{ path, message: 'must be a text, or {"secret_ref": "env:NAME"}' }];
  return closest.flatMap((inner) => violationsOf(inner, path, z.unknown()));
}

function under(path: string, step: string): string {
  return path === '' ? step : `${path}.${step}`;
}

/** Names of the fields that an object may have at a path of a schema; empty where they are not known. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let bare = bareOf(schema);
  for (const step of path) {
    if (bare instanceof z.ZodObject) bare = bareOf(bare.shape[String(step)] as z.ZodType);
    else if (bare instanceof z.ZodArray) bare = bareOf(bare.element as z.ZodType);
    else return [];
  }
  return bare instanceof z.ZodObject ? Object.keys(bare.shape) : [];
}

function bareOf(schema: z.ZodType): z.ZodType {
  let bare = schema;
  while (bare instanceof z.ZodOptional || bare instanceof z.ZodDefault || bare instanceof z.ZodPrefault)
    bare = bare.unwrap() as z.ZodType;
  return bare;
}
