import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryPolicy } from './policy.fixture.ts';
import { policyFieldPaths, policyValueAt } from './policy-fields.ts';
import { policyFromValue, policyToValue, type PolicyValue } from './policy-value.ts';

test('a policy survives being kept as JSON, every field of it', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(arbitraryPolicy(), (policy) => {
      const kept = JSON.parse(JSON.stringify(policyToValue(policy))) as PolicyValue;
      expect(policyFromValue(kept)).toEqual(policy);
      for (const path of policyFieldPaths) if (policyValueAt(policy, path) !== undefined) seen.add(path);
    }),
  );
  expect([...seen].sort()).toEqual([...policyFieldPaths].sort());
});

const match = { messageTypes: [], kinds: [], sources: [], systemIds: [], types: [], capabilities: [] };

test.each<[string, PolicyValue, string]>([
  ['a field of a newer hub', { name: 'a', match, newer: 1 }, 'newer'],
  ['one in a group', { name: 'a', match, limits: { callerRate: { perMinute: 1 } } }, 'perMinute'],
  ['one in a step', { name: 'a', match, fallback: [{ kind: 'same_type', newer: 1 }] }, 'newer'],
  ['a step of a newer hub', { name: 'a', match, fallback: [{ kind: 'newer' }] }, 'fallback'],
  ['a choice of a newer hub', { name: 'a', match, balance: 'NEWER' }, 'balance'],
])('%s is told instead of left aside', (_name, value, told) => {
  expect(policyFromValue(value)).toMatchObject({ problem: expect.stringContaining(told) as string });
});
