import { expect, test } from 'vitest';
import {
  defaultPolicy,
  policyFieldName,
  policyFieldPaths,
  policyFields,
  policyGroupOf,
} from './policy-fields.ts';
import { policyViolations } from './policy-violations.ts';
import { policyOf } from './policy.fixture.ts';

test('fields are named as people meet them, wherever they stand', () => {
  expect(
    ['timeoutMs', 'retry.maxRetryAfterMs', 'fallback[0].timeoutMs', 'systemIds', 'match'].map(
      policyFieldName,
    ),
  ).toEqual(['timeout', 'retry.max_retry_after', 'fallback[0].timeout', 'system_ids', 'match']);
});

test('durations, and nothing else, have their unit in the path', () => {
  for (const path of policyFieldPaths)
    expect(path.endsWith('Ms')).toBe(policyFields[path].kind === 'duration');
});

test('the default of each field is one of its values', () => {
  expect(policyViolations(policyOf('defaults', {}, defaultPolicy))).toEqual([]);
});

test('a field is told with its group', () => {
  expect([policyGroupOf('balance'), policyGroupOf('limits.targetRate.burst')]).toEqual([
    'balance',
    'limits.targetRate',
  ]);
});
