import { expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import { HealthPublisher, measurementsMs } from './health-publisher.ts';
import type { SystemHealth } from './system-health.ts';

const first: SystemHealth = {
  systemId: 'a',
  type: 'echo',
  status: 'HEALTHY',
  statusTimeMs: 0,
  lastCheckTimeMs: undefined,
  latencyMs: 1,
  errorRate: 0,
  cause: 'HTTP 200',
  interfaces: [],
};

/** A publisher of systems whose latency a test sets, with how often each was published. */
function setUp() {
  const clock = createFakeClock();
  const known = new Map<string, SystemHealth>();
  const publisher = new HealthPublisher(clock, (systemId) => known.get(systemId));
  const published: string[] = [];
  const set = publisher.feed.set.bind(publisher.feed);
  publisher.feed.set = (systemId, health) => {
    published.push(`${systemId} ${health.latencyMs ?? 0}`);
    set(systemId, health);
  };
  const measure = (systemId: string, latencyMs: number): void =>
    void known.set(systemId, { ...first, systemId, latencyMs });
  return { clock, publisher, published, measure, known };
}

test('publishes at once what matters, and together within ten seconds what only moved measurements', async () => {
  const { clock, publisher, published, measure } = setUp();
  measure('a', 1);
  publisher.now('a');
  for (let latencyMs = 2; latencyMs <= 50; latencyMs += 1) {
    measure('a', latencyMs);
    publisher.soon('a');
  }
  measure('b', 7);
  publisher.soon('b');
  expect([published, clock.pendingTimers]).toEqual([['a 1'], 1]);
  await clock.advance(measurementsMs - 1);
  expect(published).toEqual(['a 1']);
  await clock.advance(1);
  expect(published).toEqual(['a 1', 'a 50', 'b 7']);
  expect(clock.pendingTimers).toBe(0);
});

test('does not publish again what went out meanwhile', async () => {
  const { clock, publisher, published, measure } = setUp();
  measure('a', 1);
  publisher.soon('a');
  publisher.now('a');
  await clock.advance(measurementsMs);
  expect(published).toEqual(['a 1']);
});

test('publishes nothing of a system that went', async () => {
  const { clock, publisher, published, measure, known } = setUp();
  measure('a', 1);
  measure('b', 1);
  publisher.now('a');
  publisher.soon('a');
  publisher.remove('a');
  publisher.soon('b');
  known.delete('b');
  await clock.advance(measurementsMs);
  expect([published, publisher.feed.size]).toEqual([['a 1'], 0]);
});

test('starts no timer once it is closed', () => {
  const { clock, publisher, measure } = setUp();
  measure('a', 1);
  publisher.close();
  publisher.soon('a');
  expect(clock.pendingTimers).toBe(0);
});

test('publishes no more once it is closed, and leaves no timer', async () => {
  const { clock, publisher, published, measure } = setUp();
  measure('a', 1);
  publisher.soon('a');
  publisher.close();
  publisher.soon('a');
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(measurementsMs);
  expect(published).toEqual([]);
});
