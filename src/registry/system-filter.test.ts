import { describe, expect, test } from 'vitest';
import { createSystemFilter, everySystem, type SystemFilterSpec } from './system-filter.ts';
import { systemFixture } from './system.fixture.ts';

const ledger = systemFixture('payments.ledger-1', {
  type: 'ledger',
  name: 'Main Ledger Ä',
  capabilities: ['book', 'audit'],
  labels: { team: 'money', constructor: 'x' },
  zone: 'eu',
});

describe('createSystemFilter', () => {
  test.each<[Partial<SystemFilterSpec>, boolean]>([
    [{}, true],
    [{ types: ['other', 'ledger'] }, true],
    [{ types: ['other'] }, false],
    [{ capabilities: ['audit', 'fly'] }, true],
    [{ capabilities: ['fly'] }, false],
    [{ protocols: ['HTTP'] }, true],
    [{ protocols: ['GRPC'] }, false],
    [{ statuses: ['HEALTHY', 'DEGRADED'] }, true],
    [{ statuses: ['UNKNOWN'] }, false],
    [{ labels: { team: 'money', constructor: 'x' } }, true],
    [{ labels: { team: 'money', tier: '1' } }, false],
    [{ labels: { toString: 'x' } }, false],
    [{ zone: 'eu' }, true],
    [{ zone: 'us' }, false],
    [{ idPrefix: 'payments.' }, true],
    [{ idPrefix: 'payment.' }, false],
    [{ text: 'LEDGER' }, true],
    [{ text: 'MAIN led' }, true],
    [{ text: 'ä' }, false],
    [{ types: ['ledger'], zone: 'us' }, false],
  ])('%j matches: %s', (parts, matches) => {
    expect(createSystemFilter({ ...everySystem, ...parts }).matches(ledger, 'HEALTHY')).toBe(matches);
  });

  test('has the same key for the same meaning, and another for another', () => {
    const key = (parts: Partial<SystemFilterSpec>): string =>
      createSystemFilter({ ...everySystem, ...parts }).key;
    expect(key({ types: ['a', 'b', 'a'] })).toBe(key({ types: ['b', 'a'] }));
    expect(key({ labels: { a: '1', b: '2' } })).toBe(key({ labels: { b: '2', a: '1' } }));
    expect(key({ text: 'A' })).toBe(key({ text: 'a' }));
    const different = [
      {},
      { types: ['a'] },
      { capabilities: ['a'] },
      { zone: 'a' },
      { idPrefix: 'a' },
      { text: 'a' },
    ];
    expect(new Set(different.map(key)).size).toBe(different.length);
  });

  test('needs the status only when it asks for one', () => {
    expect(createSystemFilter(everySystem).needsStatus).toBe(false);
    expect(createSystemFilter({ ...everySystem, statuses: ['FAILED'] }).needsStatus).toBe(true);
  });
});
