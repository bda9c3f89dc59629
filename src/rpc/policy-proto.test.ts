import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Balance, PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { Kind } from '#gen/switchyard/type/v1/message_kind_pb.js';
import { messageKinds, repeatSafeties } from '../base/message.ts';
import { balanceStrategies, type Policy, repeatScopes } from '../resilience/policy.ts';
import { policyViolations } from '../resilience/policy-violations.ts';
import { retryableReasons } from '../resilience/retry-conditions.ts';
import { policyToValue } from '../resilience/policy-value.ts';
import { policyFieldName, policyFromProto, policyToProto } from './policy-proto.ts';
import { policyRules } from './policy-rules.ts';
import { violationsOf } from './validation.ts';

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const names = fc.uniqueArray(fc.constantFrom('a', 'b.*', 'c.d'), { maxLength: 2 });
const ms = (max: number): fc.Arbitrary<number | undefined> => maybe(fc.integer({ min: 1, max }));
const policies: fc.Arbitrary<Policy> = fc
  .record({
    name: fc.constantFrom('a', 'b.c'),
    match: fc.record({
      messageTypes: names,
      kinds: fc.uniqueArray(fc.constantFrom(...messageKinds)),
      sources: names,
      systemIds: names,
      types: names,
      capabilities: names,
    }),
    timeoutMs: ms(3_600_000),
    attemptTimeoutMs: ms(3_600_000),
    retry: maybe(
      fc.record({
        attempts: maybe(fc.integer({ min: 1, max: 100 })),
        initialDelayMs: maybe(fc.integer({ min: 0, max: 300_000 })),
        factor: maybe(fc.double({ min: 1, max: 10, noNaN: true })),
        maxDelayMs: maybe(fc.constant(3_600_000)),
        on: maybe(fc.uniqueArray(fc.constantFrom(...retryableReasons), { minLength: 1 })),
      }),
    ),
    repeatSafety: maybe(fc.constantFrom(...repeatSafeties)),
    repeatScope: maybe(fc.constantFrom(...repeatScopes)),
    breaker: maybe(
      fc.record({
        consecutiveFailures: maybe(fc.integer({ min: 0, max: 10_000 })),
        failureRate: maybe(fc.double({ min: 0, max: 1, noNaN: true })),
        minimumCalls: maybe(fc.integer({ min: 1, max: 100_000 })),
        windowMs: maybe(fc.integer({ min: 1000, max: 600_000 })),
        openForMs: maybe(fc.integer({ min: 100, max: 3_600_000 })),
        halfOpenCalls: maybe(fc.integer({ min: 1, max: 100 })),
      }),
    ),
    balance: maybe(fc.constantFrom(...balanceStrategies)),
    panic: maybe(fc.boolean()),
  })
  .filter((policy) => [...policyViolations(policy)].length === 0);

test('a policy comes back from the wire as it went, and keeps its rules there', () => {
  fc.assert(
    fc.property(policies, (policy) => {
      const sent = create(PolicySchema, policyToProto({ policy, origin: 'catalog:x' }));
      const received = fromBinary(PolicySchema, toBinary(PolicySchema, sent));
      expect(received.origin).toBe('catalog:x');
      expect(policyToValue(policyFromProto(received))).toEqual(policyToValue(policy));
      expect(violationsOf(PolicySchema, policyRules(), received)).toEqual([]);
    }),
  );
});

describe('rules', () => {
  const fields = (init: MessageInitShape<typeof PolicySchema>): string[] =>
    violationsOf(PolicySchema, policyRules(), create(PolicySchema, { name: 'p', ...init })).map(
      ({ field, description }) => `${field}: ${description}`,
    );
  const seconds = (value: number) => ({ seconds: BigInt(value), nanos: 0 });

  test.each<[string, MessageInitShape<typeof PolicySchema>, RegExp[]]>([
    ['a name', { name: 'No Slug' }, [/^name: found "No Slug"/]],
    ['a duration', { timeout: seconds(7200) }, [/^timeout: must be 1 ms to 1 h; found 7200 s$/]],
    [
      'delays against each other',
      { retry: { initialDelay: seconds(20), maxDelay: seconds(10) } },
      [/^retry\.max_delay: .*at least/],
    ],
    [
      'attempts',
      { retry: { attempts: 101, factor: NaN } },
      [/^retry\.attempts: found 101/, /^retry\.factor: found NaN/],
    ],
    ['reasons', { retry: { on: ['timeout', 'rain'] } }, [/^retry\.on\[1\]: found rain/]],
    [
      'patterns',
      { match: { systemIds: ['a', '*'], kinds: [Kind.UNSPECIFIED] } },
      [/^match\.kinds\[0\]: must be one of KIND_REQUEST/, /^match\.system_ids\[1\]/],
    ],
    [
      'enums of a newer client',
      { repeatSafety: 99 as never, repeatScope: 99 as never, balance: 99 as never },
      [/^repeat_safety/, /^repeat_scope/, /^balance/],
    ],
    [
      'what all messages to a target share',
      { match: { messageTypes: ['x'] }, balance: Balance.RANDOM, breaker: { window: seconds(0) } },
      [/^breaker\.window: must be 1 s to 600 s/, /^breaker: /, /^balance: /],
    ],
  ])('%s', (_name, init, expected) => {
    const found = fields(init);
    expect(found).toHaveLength(expected.length);
    for (const each of expected) expect(found).toContainEqual(expect.stringMatching(each));
  });
});

test('fields are named as in the contract', () => {
  expect(['timeoutMs', 'attemptTimeoutMs', 'repeatSafety', 'match'].map(policyFieldName)).toEqual([
    'timeout',
    'attempt_timeout',
    'repeat_safety',
    'match',
  ]);
});
