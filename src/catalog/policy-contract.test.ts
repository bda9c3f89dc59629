import { create, fromBinary, toBinary, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { durationFromMs, DurationSchema } from '@bufbuild/protobuf/wkt';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { arbitraryPolicy } from '../resilience/policy.fixture.ts';
import {
  policyFieldPaths,
  policyFields,
  policyGroups,
  type PolicyField,
} from '../resilience/policy-fields.ts';
import { policyFromContract, policyToContract } from './policy-contract.ts';

test('a policy comes back from the wire as it went, every field of it', () => {
  fc.assert(
    fc.property(arbitraryPolicy(), (policy) => {
      const sent = create(PolicySchema, policyToContract(policy));
      expect(policyFromContract(fromBinary(PolicySchema, toBinary(PolicySchema, sent)))).toEqual(policy);
    }),
  );
});

interface Leaf {
  readonly path: string;
  readonly field: DescField;
}

/** Every field of the contract's Policy that the table must have, by its path. */
function* leavesOf(description: DescMessage, prefix: string): Generator<Leaf> {
  for (const field of description.fields) {
    if (prefix === '' && ['name', 'match', 'origin', 'etag', 'updateTime'].includes(field.localName))
      continue;
    const path = prefix + field.localName;
    if (field.fieldKind !== 'message') yield { path, field };
    else if (field.message.typeName === DurationSchema.typeName) yield { path: `${path}Ms`, field };
    else yield* leavesOf(field.message, `${path}.`);
  }
}
const leaves = [...leavesOf(PolicySchema, '')];

test('the contract and the table have the same fields', () => {
  expect(leaves.map(({ path }) => path).sort()).toEqual([...policyFieldPaths].sort());
  const groups = new Set(
    policyFieldPaths.flatMap((path) => {
      const steps = path.split('.').slice(0, -1);
      return steps.map((_step, index) => steps.slice(0, index + 1).join('.'));
    }),
  );
  expect([...groups].sort()).toEqual(Object.keys(policyGroups).sort());
});

test.each(leaves)('$path has the same form in the contract and in the table', ({ path, field }) => {
  const described = policyFields[path as PolicyField];
  switch (described.kind) {
    case 'choice':
      expect(field.enum?.values.map(({ localName }) => localName)).toEqual(['UNSPECIFIED', ...described.of]);
      break;
    case 'fallback':
      expect([field.fieldKind, field.message?.typeName]).toEqual([
        'list',
        'switchyard.resilience.v1.FallbackStep',
      ]);
      break;
    case 'texts':
      expect(field.fieldKind).toBe('list');
      break;
    case 'text':
      expect(field.fieldKind).toBe('scalar');
      break;
    default:
      // What may be 0 or false, and what must not be: both have to be told from unset.
      expect(field.presence).toBe(FeatureSet_FieldPresence.EXPLICIT);
  }
});

test('a malformed duration is no number, so that the rules refuse it', () => {
  const of = (seconds: bigint, nanos: number): number | undefined =>
    policyFromContract(create(PolicySchema, { timeout: { seconds, nanos } })).timeoutMs;
  expect([of(1n, 5_000_000), of(1n, -1), of(1n, 2_000_000_000), of(2n ** 62n, 0)]).toEqual([
    1005,
    NaN,
    NaN,
    Number(2n ** 62n) * 1000,
  ]);
  expect(policyFromContract(create(PolicySchema, { timeout: durationFromMs(0) })).timeoutMs).toBe(0);
});
