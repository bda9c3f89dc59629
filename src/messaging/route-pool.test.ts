import { describe, expect, test } from 'vitest';
import type { HealthStatus } from '../base/health-status.ts';
import { broken, endpointOf, messageTo, options } from './fleet.fixture.ts';
import { createPool } from './route-pool.fixture.ts';

const second = 1000;

describe('outlier ejection', () => {
  const strict = { ejection: { consecutiveFailures: 5 } };

  test('takes a system out of the candidates, and says until when; it is back by itself', async () => {
    const fleet = createPool({ a: {}, b: {}, c: {} }, strict);
    fleet.calls('a', 'failure', 5);
    expect(fleet.order().split('').sort()).toEqual(['b', 'c']);
    expect(fleet.plan().excluded).toMatchObject([
      { systemId: 'a', ejectedUntilMs: fleet.clock.now() + 30 * second, status: 'HEALTHY' },
    ]);
    await fleet.clock.advance(30 * second);
    expect(fleet.order().split('').sort()).toEqual(['a', 'b', 'c']);
    expect(fleet.events).toEqual(['a ejected', 'a returned']);
  });

  test('learns from the attempts of deliveries', async () => {
    const fleet = createPool(
      { a: {}, b: {} },
      { ...strict, breaker: { consecutiveFailures: 0, failureRate: 0 } },
    );
    fleet.answers.set('a', broken);
    for (let call = 0; call < 5; call += 1) {
      const message = messageTo({ by: 'system', systemId: 'a' }, fleet.clock, { id: `m-${call}` });
      await fleet.core.dispatcher.send(message, options()).catch(() => undefined);
    }
    expect(fleet.events).toEqual(['a ejected']);
    expect(fleet.order()).toBe('b');
  });

  test('does not stop a message that names the system', () => {
    const fleet = createPool({ a: {}, b: {}, c: {} }, strict);
    fleet.calls('a', 'failure', 5);
    const plan = fleet.plan({ target: { by: 'system', systemId: 'a' } });
    expect(plan).toMatchObject({
      candidates: [{ systemId: 'a' }],
      ejectionsIgnored: true,
      failure: undefined,
    });
  });

  test('spares the last one that is well', () => {
    const fleet = createPool({ a: {}, b: {}, c: {} }, strict);
    fleet.setStatus('b', 'UNHEALTHY');
    fleet.setStatus('c', 'DISCONNECTED');
    fleet.calls('a', 'failure', 50);
    expect(fleet.events).toEqual([]);
  });

  test('is ignored when too few of the others are usable, and holds again when they are', () => {
    const fleet = createPool({ a: {}, b: {}, c: {} }, strict);
    fleet.calls('a', 'failure', 5);
    fleet.setStatus('b', 'UNHEALTHY');
    expect(fleet.plan()).toMatchObject({ ejectionsIgnored: true, panic: false });
    expect(fleet.order().split('').sort()).toEqual(['a', 'c']);
    fleet.setStatus('b', 'HEALTHY');
    expect(fleet.plan()).toMatchObject({ ejectionsIgnored: false });
    expect(fleet.order().split('').sort()).toEqual(['b', 'c']);
  });

  test('ends at once when a policy turns it off, or the pool shrinks to the ejected one', async () => {
    const fleet = createPool({ a: {}, b: {}, c: {} }, strict);
    fleet.calls('a', 'failure', 5);
    fleet.setPolicy({ ejection: { maxShare: 0 } });
    expect(fleet.order()).toHaveLength(3);
    fleet.setPolicy(strict);
    fleet.calls('a', 'failure', 5);
    fleet.remove('b');
    fleet.remove('c');
    await fleet.clock.advance(0);
    expect(fleet.events).toEqual(['a ejected', 'a returned', 'a ejected', 'a returned']);
  });

  test('forgets a system with its last interface', () => {
    const fleet = createPool({ a: {}, b: {} }, strict);
    fleet.calls('a', 'failure', 5);
    fleet.remove('a');
    fleet.register('a');
    expect(fleet.core.ejections.size).toBe(0);
    fleet.calls('a', 'failure', 4);
    expect(fleet.core.ejections.size).toBe(0);
  });
});

describe('balancing', () => {
  test('WEIGHTED goes 5, 1, 1 as a a b a c a a, and a look changes nothing', () => {
    const fleet = createPool({ a: { weight: 5 }, b: {}, c: {} }, { balance: 'WEIGHTED' });
    const firsts = Array.from({ length: 7 }, () => {
      fleet.plan({}, true);
      return fleet.order()[0];
    });
    expect(firsts.join('')).toBe('aabacaa');
  });

  test.each(['ROUND_ROBIN', 'WEIGHTED'] as const)('%s: those that only stand by take no turns', (balance) => {
    const fleet = createPool({ a: {}, b: {}, c: {}, d: {} }, { balance });
    fleet.setStatus('c', 'DEGRADED');
    fleet.setStatus('d', 'DEGRADED');
    expect([1, 2, 3, 4].map(() => fleet.order()[0]).join('')).toBe('abab');
  });

  test('CONSISTENT_HASH keeps messages with one key on one system', () => {
    const fleet = createPool(
      { a: {}, b: {}, c: {} },
      { balance: 'CONSISTENT_HASH', balanceOptions: { hashOn: 'header:tenant' } },
    );
    const seen = new Set<string>();
    for (let tenant = 0; tenant < 30; tenant += 1) {
      const headers = { tenant: `t-${tenant}` };
      const order = fleet.order({ headers });
      for (let call = 0; call < 5; call += 1)
        expect(fleet.order({ headers, messageId: `m-${call}` })).toBe(order);
      seen.add(order[0]!);
    }
    expect([...seen].sort()).toEqual(['a', 'b', 'c']);
    expect(fleet.plan({ headers: { tenant: 'x' } }).balancing).toMatchObject({ strategy: 'CONSISTENT_HASH' });
  });

  test('a key whose system is loaded to its bound goes to its next choice, and the plan says whom it passed over', () => {
    const fleet = createPool({ a: {}, b: {}, c: {} }, { balance: 'CONSISTENT_HASH' });
    const [first, second] = fleet.order({ correlationId: 'hot' });
    const end = Array.from({ length: 3 }, () => fleet.core.loads.begin(endpointOf(first!)));
    const plan = fleet.plan({ correlationId: 'hot' });
    expect(plan.candidates[0]!.systemId).toBe(second);
    expect(plan.balancing).toEqual({ strategy: 'CONSISTENT_HASH', zone: '', passedOver: [first] });
    for (const settle of end) settle('answered');
    expect(fleet.order({ correlationId: 'hot' })[0]).toBe(first);
  });

  test('a message without the key goes by least load', () => {
    const fleet = createPool({ a: {}, b: {} }, { balance: 'CONSISTENT_HASH' });
    fleet.core.loads.begin(endpointOf('a'));
    expect(fleet.plan().balancing).toEqual({ strategy: 'LEAST_LOADED', zone: '', passedOver: [] });
    expect(fleet.order()).toBe('ba');
  });
});

describe('zone first', () => {
  const zoned = { balanceOptions: { zoneFirst: true }, balance: 'ROUND_ROBIN' } as const;
  const systems = {
    a: { zone: 'east' },
    b: { zone: 'west' },
    c: { zone: 'west' },
    shop: { zone: 'west', type: 'shop' },
    kiosk: { type: 'shop' },
  };

  test('puts systems of the sender’s zone first, and goes round among them', () => {
    const fleet = createPool(systems, zoned);
    expect([1, 2, 3].map(() => fleet.order({ source: 'shop' }))).toEqual(['bca', 'cba', 'bca']);
    expect(fleet.plan({ source: 'shop' }).balancing?.zone).toBe('west');
    expect(fleet.plan().candidates.map(({ zone }) => zone)).toContain('east');
  });

  test.each([
    ['has no zone', 'kiosk'],
    ['is not registered', 'stranger'],
    ['is not named', ''],
  ])('goes by the hub’s zone when the sender %s', (_name, source) => {
    const fleet = createPool(systems, zoned);
    fleet.setZone('east');
    expect(fleet.order({ source })[0]).toBe('a');
    fleet.setZone('west');
    expect(fleet.order({ source }).at(-1)).toBe('a');
  });

  test('health comes before the zone: others take over when the zone has nobody who is well', () => {
    const fleet = createPool(systems, zoned);
    fleet.setStatus('b', 'DEGRADED');
    expect(fleet.order({ source: 'shop' })).toBe('cab');
    fleet.setStatus('c', 'FAILED');
    expect(fleet.order({ source: 'shop' })).toBe('ab');
  });

  test('is off unless a policy says so', () => {
    const fleet = createPool(systems, { balance: 'ROUND_ROBIN' });
    expect([1, 2, 3].map(() => fleet.order({ source: 'shop' })[0]).join('')).toBe('abc');
  });
});

describe('slow start', () => {
  const slow = { balanceOptions: { slowStartMs: 100 * second }, ejection: { consecutiveFailures: 5 } };

  test('begins for a system that is registered anew, not for those that were there', async () => {
    const fleet = createPool({ a: { weight: 4 }, b: {} }, slow);
    fleet.register('c', { weight: 2 });
    expect(fleet.shares()).toEqual({ a: 4, b: 1, c: 0.2 });
    await fleet.clock.advance(50 * second);
    expect(fleet.shares()).toEqual({ a: 4, b: 1, c: 1 });
    await fleet.clock.advance(50 * second);
    expect(fleet.shares()).toEqual({ a: 4, b: 1, c: 2 });
  });

  test.each<[HealthStatus, HealthStatus, number]>([
    ['UNHEALTHY', 'HEALTHY', 0.1],
    ['FAILED', 'HEALTHY', 0.1],
    ['DISCONNECTED', 'UNKNOWN', 0.1],
    ['UNHEALTHY', 'DEGRADED', 0.1],
    ['DEGRADED', 'HEALTHY', 1],
    ['UNKNOWN', 'HEALTHY', 1],
    ['FAILED', 'UNHEALTHY', 1],
  ])('from %s to %s its share is %d', (from, to, share) => {
    const fleet = createPool({ a: {}, b: {} }, slow);
    fleet.setStatus('a', from);
    fleet.setStatus('a', to);
    expect(fleet.shares()).toEqual({ a: share, b: 1 });
  });

  test('begins when its breaker lets calls through again', async () => {
    const fleet = createPool({ a: {}, b: {} }, slow);
    const endpoint = endpointOf('a');
    await fleet.core.breakers.trip(endpoint, { cause: 'test' });
    expect(fleet.shares()).toEqual({ a: 1, b: 1 });
    await fleet.core.breakers.reset(endpoint, { cause: 'test' });
    expect(fleet.shares()).toEqual({ a: 0.1, b: 1 });
  });

  test('begins when its ejection ends', async () => {
    const fleet = createPool({ a: {}, b: {}, c: {} }, slow);
    fleet.calls('a', 'failure', 5);
    await fleet.clock.advance(30 * second);
    expect(fleet.shares()).toEqual({ a: 0.1, b: 1, c: 1 });
  });

  test('is over at once where no policy asks for it', () => {
    const fleet = createPool({ a: {}, b: {} });
    fleet.register('c');
    expect(fleet.shares()).toEqual({ a: 1, b: 1, c: 1 });
  });

  test('the weight never falls until it is whole, by plans at any time', async () => {
    const fleet = createPool({ a: {}, b: {} }, slow);
    fleet.register('c');
    let last = 0;
    for (let step = 0; step < 30; step += 1) {
      const share = fleet.shares()['c']!;
      expect(share).toBeGreaterThanOrEqual(last);
      last = share;
      await fleet.clock.advance(4 * second);
    }
    expect(last).toBe(1);
  });
});
