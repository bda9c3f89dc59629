import { describe, expect, test } from 'vitest';
import { parseTarget, targetFromArguments, targetText } from './target-argument.ts';

describe('parseTarget', () => {
  test.each([
    ['system:cmc_001', 'system:cmc_001'],
    ['cmc_001', 'system:cmc_001'],
    ['type:cmc', 'type:cmc'],
    ['capability:payments.read', 'capability:payments.read'],
  ])('%s names %s', (text, named) => expect(targetText(parseTarget(text))).toBe(named));

  test.each(['', 'type:', 'kind:x', ':x'])('refuses "%s"', (text) =>
    expect(() => parseTarget(text)).toThrow(/not a target/),
  );
});

test('exactly one way to name the target is allowed', () => {
  expect(targetText(targetFromArguments(undefined, { toType: 'cmc' }))).toBe('type:cmc');
  expect(() => targetFromArguments(undefined, {})).toThrow(/name a target/);
  expect(() => targetFromArguments('a', { toSystem: 'b' })).toThrow(/one target only/);
  expect(() => targetFromArguments(undefined, { toSystem: 'a', toCapability: 'b' })).toThrow(
    /one target only/,
  );
});
