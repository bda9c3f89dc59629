import { expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { CallerLimits } from './limit-callers.ts';
import { type ResolvedPolicy, resolvePolicy } from './policy-match.ts';
import { policyOf } from './policy.fixture.ts';

const slow = callerRate('slow', 2);

function callerRate(name: string, perSecond: number): ResolvedPolicy {
  return resolvePolicy([policyOf(name, {}, { limits: { callerRate: { perSecond } } })], {
    ...{ messageType: 'm', kind: 'REQUEST', source: '', systemId: 's', type: 't', capabilities: [] },
  });
}

test('each caller has tokens of its own, for each policy that sets a rate', () => {
  const limits = new CallerLimits(createFakeClock());
  const take = (caller: string, policy = slow): boolean => limits.take(caller, policy) === undefined;
  expect([take('shop'), take('shop'), take('shop')]).toEqual([true, true, false]);
  expect(take('till')).toBe(true);
  expect(take('shop', callerRate('other', 2))).toBe(true);
});

test('a refusal names policy, limit, caller, values and when to come back', () => {
  const limits = new CallerLimits(createFakeClock());
  limits.take('shop', slow);
  limits.take('shop', slow);
  expect(limits.take('shop', slow)).toEqual({
    admitted: false,
    reason: 'hub_rate_limited',
    policy: 'slow',
    limit: 'limits.caller_rate',
    subject: 'shop',
    maximum: 2,
    current: 2,
    waiting: 0,
    retryAfterMs: 500,
    detail:
      'Caller "shop" sends more than 2 messages a second with 2 at once (limits.caller_rate of policy "slow"); the next may come in 500 ms.',
  });
  expect(limits.state('shop', slow)).toMatchObject({ current: 2, refuses: true, retryAfterMs: 500 });
});

test('a rate that is changed holds at once, for messages and for people', () => {
  const limits = new CallerLimits(createFakeClock());
  limits.take('shop', slow);
  limits.take('shop', slow);
  const faster = callerRate('slow', 10);
  expect(limits.state('shop', faster)).toMatchObject({ maximum: 10, current: 0, refuses: false });
  expect(limits.take('shop', faster)).toBeUndefined();
  expect(limits.state('shop', faster)).toMatchObject({ maximum: 10, current: 1 });
  expect(limits.state('shop', callerRate('slow', 1))).toMatchObject({ maximum: 1, current: 0 });
});

test('a burst that another policy sets has a bucket of its own, so that going between them buys no tokens', () => {
  const limits = new CallerLimits(createFakeClock());
  const subject = { messageType: 'm', kind: 'REQUEST', source: '', type: 't', capabilities: [] } as const;
  const policies = [
    policyOf('rate', {}, { limits: { callerRate: { perSecond: 1 } } }),
    policyOf('burst', { systemIds: ['b'] }, { limits: { callerRate: { burst: 2 } } }),
  ];
  const [one, other] = ['a', 'b'].map((systemId) => resolvePolicy(policies, { ...subject, systemId }));
  let taken = 0;
  for (let turn = 0; turn < 20; turn += 1) {
    for (const policy of [one!, other!]) if (limits.take('shop', policy) === undefined) taken += 1;
  }
  expect(taken).toBe(3);
});

test('a caller without a limit costs nothing and is not remembered', () => {
  const limits = new CallerLimits(createFakeClock());
  expect(limits.take('shop', callerRate('none', 0))).toBeUndefined();
  expect(limits.state('shop', callerRate('none', 0))).toBeUndefined();
  expect(limits.size).toBe(0);
});

test('at the bound, callers whose bucket is full again make room', async () => {
  const clock = createFakeClock();
  const limits = new CallerLimits(clock, 3);
  for (const caller of ['a', 'b', 'c']) limits.take(caller, slow);
  await clock.advance(10_000);
  expect(limits.take('d', slow)).toBeUndefined();
  expect(limits.size).toBe(1);
});

test('while nobody can make room, new callers share one bucket, so that made-up names buy no tokens', async () => {
  const clock = createFakeClock();
  const limits = new CallerLimits(clock, 3);
  for (const caller of ['a', 'b', 'c']) limits.take(caller, slow);
  const taken = Array.from({ length: 100 }, (_, index) => limits.take(`made-up-${index}`, slow));
  expect(taken.filter((refusal) => refusal === undefined)).toHaveLength(2);
  expect(limits.size).toBe(3);
  // Those that were there keep their own.
  expect(limits.take('a', slow)).toBeUndefined();
  await clock.advance(2000);
  limits.take('d', slow);
  expect(limits.take('d', slow)).toBeUndefined();
  expect(limits.size).toBe(1);
});
