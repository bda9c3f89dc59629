import { expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { createFakeClock } from '../base/fake-clock.ts';
import { Leases, lostKeepMs } from './lease.ts';

function setUp(clock: Clock): { leases: Leases; log: string[] } {
  const log: string[] = [];
  const leases = new Leases(clock, {
    onLost: (id, lease) => log.push(`${id} lost at ${clock.monotonic()}, expired ${lease.expired}`),
    onOverdue: (id) => log.push(`${id} overdue at ${clock.monotonic()}`),
  });
  return { leases, log };
}

test('a lease that is not renewed runs out exactly after its ttl, and its system is overdue 24 h later', async () => {
  const clock = createFakeClock();
  const { leases, log } = setUp(clock);
  const lease = leases.grant('a', 5000);
  expect(lease).toEqual({ ttlMs: 5000, expireTimeMs: clock.now() + 5000, expired: false });
  await clock.advance(4999);
  expect(log).toEqual([]);
  await clock.advance(1);
  expect(log).toEqual(['a lost at 5000, expired true']);
  expect(leases.get('a')).toEqual({ ...lease, expired: true });
  await clock.advance(lostKeepMs - 1);
  expect(log).toHaveLength(1);
  await clock.advance(1);
  expect(log[1]).toBe(`a overdue at ${5000 + lostKeepMs}`);
});

test('renewals keep a lease alive, and one timer serves them all', async () => {
  const clock = createFakeClock();
  const { leases, log } = setUp(clock);
  for (const [id, ttlMs] of [
    ['a', 3000],
    ['b', 1000],
    ['c', 2000],
  ] as const)
    leases.grant(id, ttlMs);
  expect(clock.pendingTimers).toBe(1);
  for (let round = 0; round < 10; round += 1) {
    await clock.advance(900);
    for (const id of ['a', 'b', 'c']) expect(leases.renew(id)?.expired).toBe(false);
    expect(clock.pendingTimers).toBe(1);
  }
  expect(log).toEqual([]);
  await clock.advance(3000);
  expect(log.map((line) => line.split(',')[0])).toEqual([
    'b lost at 10000',
    'c lost at 11000',
    'a lost at 12000',
  ]);
});

test('a lost lease cannot be renewed, only granted anew', async () => {
  const clock = createFakeClock();
  const { leases, log } = setUp(clock);
  leases.grant('a', 1000);
  await clock.advance(1000);
  expect(leases.renew('a')).toBeUndefined();
  expect(leases.renew('nobody')).toBeUndefined();
  leases.grant('a', 2000);
  await clock.advance(lostKeepMs);
  expect(log).toEqual(['a lost at 1000, expired true', 'a lost at 3000, expired true']);
});

test('a lease whose time is up is lost even when the renewal comes before the late timer', () => {
  const clock = createFakeClock();
  let offsetMs = 0;
  const late: Clock = { ...clock, monotonic: () => clock.monotonic() + offsetMs };
  const { leases, log } = setUp(late);
  leases.grant('a', 1000);
  offsetMs = 1000;
  expect(leases.renew('a')).toBeUndefined();
  expect(log).toEqual(['a lost at 1000, expired true']);
});

test('a jump of the wall clock neither ends nor prolongs a lease', async () => {
  const clock = createFakeClock();
  let jumpMs = 0;
  const { leases, log } = setUp({ ...clock, now: () => clock.now() + jumpMs });
  leases.grant('a', 5000);
  jumpMs = 3_600_000;
  await clock.advance(4999);
  expect(log).toEqual([]);
  jumpMs = -3_600_000;
  await clock.advance(1);
  expect(log).toHaveLength(1);
});

test('an overdue removal is asked for again every minute until the lease is released', async () => {
  const clock = createFakeClock();
  const { leases, log } = setUp(clock);
  leases.grant('a', 1000);
  await clock.advance(1000 + lostKeepMs + 120_000);
  expect(log.filter((line) => line.includes('overdue'))).toHaveLength(3);
  leases.release('a');
  expect(leases.size).toBe(0);
  await clock.advance(lostKeepMs);
  expect(log).toHaveLength(4);
  expect(clock.pendingTimers).toBe(0);
});

test('nothing expires after close', async () => {
  const clock = createFakeClock();
  const { leases, log } = setUp(clock);
  leases.grant('a', 1000);
  leases.close();
  leases.grant('b', 1000);
  await clock.advance(lostKeepMs);
  expect(log).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});
