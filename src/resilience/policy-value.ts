import { z } from 'zod';
import { messageKinds } from '../base/message.ts';
import type { Policy } from './policy.ts';
import {
  type PolicyFieldDescription,
  policyFieldPaths,
  policyFields,
  setPolicyValue,
} from './policy-fields.ts';

/** A policy as plain JSON, for whoever keeps it. */
export interface PolicyValue {
  readonly [key: string]: PolicyJson;
}
type PolicyJson = string | number | boolean | null | readonly PolicyJson[] | PolicyValue;

/** The policy as JSON; what is unset is left out. {@link policyFromValue} reads it. */
export function policyToValue(policy: Policy): PolicyValue {
  return JSON.parse(JSON.stringify(policy)) as PolicyValue;
}

/** The policy, or what is wrong with the JSON of one, in one line. */
export function policyFromValue(value: PolicyValue): Policy | { readonly problem: string } {
  const parsed = policySchema.safeParse(value);
  return parsed.success
    ? parsed.data
    : { problem: z.prettifyError(parsed.error).replaceAll('\n', ' ').slice(0, 500) };
}

const names = z.array(z.string());
const target = z.union([
  z.strictObject({ by: z.literal('system'), systemId: z.string() }),
  z.strictObject({ by: z.literal('type'), type: z.string() }),
  z.strictObject({ by: z.literal('capability'), capability: z.string() }),
]);
const stepShape = { timeoutMs: z.number().optional(), attempts: z.number().optional() };
const fallbackStep = z.discriminatedUnion('kind', [
  z.strictObject({ ...stepShape, kind: z.literal('target'), target }),
  z.strictObject({ ...stepShape, kind: z.literal('same_type') }),
  z.strictObject({
    ...stepShape,
    kind: z.literal('static_reply'),
    reply: z.strictObject({ status: z.string(), contentType: z.string(), dataBase64: z.string() }),
  }),
  z.strictObject({ ...stepShape, kind: z.literal('last_good'), maxAgeMs: z.number().optional() }),
]);

/** What is kept was checked when it came (policy-violations.ts); here only its form is, so that nothing is misread. */
const policySchema = z.strictObject({
  name: z.string(),
  match: z.strictObject({
    messageTypes: names,
    kinds: z.array(z.enum(messageKinds)),
    sources: names,
    systemIds: names,
    types: names,
    capabilities: names,
  }),
  ...fieldSchemas(),
});

function fieldSchemas(): z.ZodRawShape {
  const tree: Record<string, unknown> = {};
  for (const path of policyFieldPaths) setPolicyValue(tree, path, schemaOf(policyFields[path]).optional());
  return shapeOf(tree);
}

/** Groups as strict objects. */
function shapeOf(tree: Readonly<Record<string, unknown>>): z.ZodRawShape {
  return Object.fromEntries(
    Object.entries(tree).map(([name, part]) => [
      name,
      part instanceof z.ZodType
        ? part
        : z.strictObject(shapeOf(part as Readonly<Record<string, unknown>>)).optional(),
    ]),
  );
}

function schemaOf(field: PolicyFieldDescription): z.ZodType {
  switch (field.kind) {
    case 'duration':
    case 'count':
    case 'number':
      return z.number();
    case 'flag':
      return z.boolean();
    case 'choice':
      return z.enum(field.of);
    case 'text':
      return z.string();
    case 'texts':
      return names;
    case 'fallback':
      return z.array(fallbackStep);
  }
}
