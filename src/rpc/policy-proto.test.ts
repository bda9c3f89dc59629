import {
  create,
  fromBinary,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Balance, PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { Kind } from '#gen/switchyard/type/v1/message_kind_pb.js';
import { arbitraryPolicy } from '../resilience/policy.fixture.ts';
import { policyToProto } from './policy-proto.ts';
import { policyRules } from './policy-rules.ts';
import { violationsOf } from './validation.ts';

test('a policy that may be used keeps its rules on the wire', () => {
  fc.assert(
    fc.property(arbitraryPolicy(), (policy) => {
      const sent = create(
        PolicySchema,
        policyToProto({ policy, origin: 'put', etag: 'e', updateTimeMs: 1500 }),
      );
      const received = fromBinary(PolicySchema, toBinary(PolicySchema, sent));
      expect(received).toMatchObject({
        origin: 'put',
        etag: 'e',
        updateTime: { seconds: 1n, nanos: 500_000_000 },
      });
      expect(violationsOf(PolicySchema, policyRules(), received)).toEqual([]);
    }),
  );
});

describe('rules', () => {
  const fields = (init: MessageInitShape<typeof PolicySchema>): string[] =>
    violationsOf(PolicySchema, policyRules(), create(PolicySchema, { name: 'p', ...init })).map(
      ({ field, description }) => `${field}: ${description}`,
    );
  let nested: JsonValue = 1;
  for (let depth = 0; depth < 40; depth += 1) nested = [nested];
  const deep = { case: 'json' as const, value: fromJson(ValueSchema, nested) };
  const seconds = (value: number) => ({ seconds: BigInt(value), nanos: 0 });

  test.each<[string, MessageInitShape<typeof PolicySchema>, RegExp[]]>([
    ['a name', { name: 'No Slug' }, [/^name: found "No Slug"/]],
    ['a duration', { timeout: seconds(7200) }, [/^timeout: found 2h, allowed is 1ms to 1h$/]],
    ['a malformed duration', { timeout: { seconds: 1n, nanos: -5 } }, [/^timeout: found NaN, allowed/]],
    [
      'what must not be 0, told from unset',
      { breaker: { halfOpenCalls: 0 }, retry: { attempts: 0 }, limits: { adaptive: { tolerance: 0 } } },
      [
        /^retry.attempts: found 0,/,
        /^breaker.half_open_calls: found 0,/,
        /^limits.adaptive.tolerance: found 0,/,
      ],
    ],
    [
      'steps of a fallback',
      {
        fallback: [
          {},
          { step: { case: 'target', value: { target: { case: 'type', value: 'NO' } } }, timeout: seconds(0) },
          { step: { case: 'staticReply', value: { status: '\n', payload: deep } } },
        ],
      },
      [
        /^fallback\[0\]: found none, allowed is exactly one of target/,
        /^fallback\[1\]\.target: found no name/,
        /^fallback\[1\]\.timeout: found 0ms/,
        /^fallback\[2\]\.static_reply\.status: found/,
        /^fallback\[2\]\.static_reply\.json: must be nested at most 32 deep/,
      ],
    ],
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
    ['conditions', { retry: { on: ['timeout', 'rain'] } }, [/^retry\.on\[1\]: found "rain"/]],
    [
      'patterns',
      { match: { systemIds: ['a', '*'], kinds: [Kind.UNSPECIFIED] } },
      [/^match\.kinds\[0\]: found "0", allowed are REQUEST/, /^match\.system_ids\[1\]/],
    ],
    [
      'enums of a newer client',
      { repeatSafety: 99 as never, repeatScope: 99 as never, balance: 99 as never },
      [/^repeat_safety/, /^repeat_scope/, /^balance/],
    ],
    [
      'what all messages to a target share',
      { match: { messageTypes: ['x'] }, balance: Balance.RANDOM, breaker: { window: seconds(0) } },
      [/^breaker\.window: found 0ms, allowed is 1s to 10m/, /^breaker: /, /^balance: /],
    ],
  ])('%s', (_name, init, expected) => {
    const found = fields(init);
    expect(found).toHaveLength(expected.length);
    for (const each of expected) expect(found).toContainEqual(expect.stringMatching(each));
  });
});
