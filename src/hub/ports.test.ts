import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../base/fake-clock.ts';
import type { Target } from '../base/target.ts';
import { SystemDirectory } from '../registry/directory.ts';
import { systemFixture } from '../registry/system.fixture.ts';
import { messagingDirectory } from './ports.ts';

describe('the directory that routing asks', () => {
  const byType: Target = { by: 'type', type: 'ledger' };
  const byCapability: Target = { by: 'capability', capability: 'book' };
  const bySystem: Target = { by: 'system', systemId: 'a' };
  const parts = { type: 'ledger', capabilities: ['book'] };
  const [rest] = systemFixture('a').interfaces;

  test('shows each system as it is now, by whatever it is asked for', () => {
    const systems = new SystemDirectory({ clock: createFakeClock() });
    const directory = messagingDirectory(systems);
    for (const target of [byType, byCapability, bySystem]) expect(directory.find(target)).toEqual([]);
    const shown = (): unknown[] =>
      [byType, byCapability, bySystem].map((target) => {
        const [provider] = directory.find(target);
        return [provider?.weight, provider?.zone, provider?.endpoints.map(({ uri }) => uri)];
      });
    systems.show(systemFixture('a', parts));
    const before = [1, '', ['http://127.0.0.1:8001']];
    expect(shown()).toEqual([before, before, before]);

    systems.show(systemFixture('a', { ...parts, weight: 5, zone: 'eu' }));
    systems.show(
      systemFixture('a', { ...parts, weight: 5, zone: 'eu', interfaces: [{ ...rest!, uri: 'http://b' }] }),
    );
    const after = [5, 'eu', ['http://b']];
    expect(shown()).toEqual([after, after, after]);
    expect([directory.zoneOf('a'), directory.zoneOf('nobody')]).toEqual(['eu', '']);

    systems.renew(systemFixture('a', { ...parts, weight: 6, zone: 'eu' }));
    expect(directory.find(byType)[0]?.weight).toBe(6);
    systems.drop('a');
    for (const target of [byType, byCapability, bySystem]) expect(directory.find(target)).toEqual([]);
  });

  test('makes nothing anew for a message as long as nothing changes', () => {
    const systems = new SystemDirectory({ clock: createFakeClock() });
    systems.show(systemFixture('a', parts));
    const directory = messagingDirectory(systems);
    expect(directory.find(byType)).toBe(directory.find(byType));
  });
});
