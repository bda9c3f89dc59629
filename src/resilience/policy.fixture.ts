import fc from 'fast-check';
import { messageKinds } from '../base/message.ts';
import type { Target } from '../base/target.ts';
import type { FallbackStep, Policy, PolicyMatch } from './policy.ts';
import { fallbackBounds } from './policy-fallback-violations.ts';
import {
  type PolicyFieldDescription,
  type PolicyField,
  policyFieldPaths,
  policyFields,
  policyPartsFromFields,
} from './policy-fields.ts';
import { policyViolations } from './policy-violations.ts';

/** A match that names nothing, which is everything. */
export const everything: PolicyMatch = {
  messageTypes: [],
  kinds: [],
  sources: [],
  systemIds: [],
  types: [],
  capabilities: [],
};

/** A policy of these parts. */
export function policyOf(
  name: string,
  match: Partial<PolicyMatch> = {},
  parts: Partial<Policy> = {},
): Policy {
  return { ...parts, name, match: { ...everything, ...match } };
}

/** Any policy that may be used: every field of the table, within its bounds, as far as they go together. */
export function arbitraryPolicy(): fc.Arbitrary<Policy> {
  return fc
    .record({
      name: fc.constantFrom('a', 'b.c'),
      match: fc.record({
        messageTypes: names,
        kinds: fc.uniqueArray(fc.constantFrom(...messageKinds), { maxLength: 3 }),
        sources: names,
        systemIds: names,
        types: names,
        capabilities: names,
      }),
      targetsAlone: fc.boolean(),
      values: fc.tuple(
        ...policyFieldPaths.map((path) =>
          fc.option(valueOf(path, policyFields[path]), { nil: undefined, freq: 2 }),
        ),
      ),
    })
    .map(({ name, match, targetsAlone, values }) => {
      const subject = targetsAlone ? { ...match, messageTypes: [], kinds: [], sources: [] } : match;
      const chosen = new Map<PolicyField, unknown>();
      const policy = (): Policy => ({
        name,
        match: subject,
        ...policyPartsFromFields((path) => chosen.get(path)),
      });
      // Each value that contradicts those before it is left out.
      for (const [index, path] of policyFieldPaths.entries()) {
        if (values[index] === undefined) continue;
        chosen.set(path, values[index]);
        if (policyViolations(policy()).length > 0) chosen.delete(path);
      }
      return policy();
    });
}

const names = fc.uniqueArray(fc.constantFrom('a', 'b.*', 'c.d', 'x_1'), { maxLength: 2 });

/** Durations in whole ms: files and the contract take any, but print none that no one would write. */
function valueOf(path: PolicyField, field: PolicyFieldDescription): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'duration':
    case 'count':
      return fc.integer({ min: field.min, max: field.max });
    case 'number':
      return fc.double({ min: field.min, max: field.max, noNaN: true }).map((value) => value + 0);
    case 'flag':
      return fc.boolean();
    case 'choice':
      return fc.constantFrom(...field.of);
    case 'text':
      return fc.constantFrom('header:x-tenant', 'correlation_id', 'source');
    case 'texts':
      return path === 'retry.on'
        ? fc.uniqueArray(fc.constantFrom('timeout', '503', 'UNAVAILABLE', '5xx'), { minLength: 1 })
        : fc.uniqueArray(fc.constantFrom('accept', 'x-tenant'), { minLength: 1 });
    case 'fallback':
      return fc.array(arbitraryStep, { minLength: 1, maxLength: 3 });
  }
}

const bounded = ({ min, max }: { readonly min: number; readonly max: number }): fc.Arbitrary<number> =>
  fc.integer({ min, max });
const targets = fc.constantFrom<Target>(
  { by: 'system', systemId: 'spare_1' },
  { by: 'type', type: 'spare' },
  { by: 'capability', capability: 'spare.read' },
);
const replies = fc.oneof(
  fc.uint8Array({ maxLength: 9 }).map((bytes) => ['application/octet-stream', Buffer.from(bytes)] as const),
  fc.json().map((json) => ['application/json', Buffer.from(json)] as const),
  fc.string().map((text) => ['text/plain; charset=utf-8', Buffer.from(text)] as const),
  fc.constant(['application/problem+json', Buffer.from('{"a": 1}')] as const),
);
const arbitraryStep: fc.Arbitrary<FallbackStep> = fc
  .record(
    { timeoutMs: bounded(fallbackBounds.timeoutMs), attempts: bounded(fallbackBounds.attempts) },
    { requiredKeys: [] },
  )
  .chain((common) =>
    fc.oneof(
      targets.map((target) => ({ ...common, kind: 'target' as const, target })),
      fc.constant({ ...common, kind: 'same_type' as const }),
      fc
        .record({ status: fc.constantFrom('200', '503', 'OK'), payload: replies })
        .map(({ status, payload: [contentType, bytes] }) => ({
          ...common,
          kind: 'static_reply' as const,
          reply: { status, contentType, dataBase64: bytes.toString('base64') },
        })),
      fc.constant({ ...common, kind: 'last_good' as const }),
      bounded(fallbackBounds.maxAgeMs).map((maxAgeMs) => ({
        ...common,
        kind: 'last_good' as const,
        maxAgeMs,
      })),
    ),
  );
