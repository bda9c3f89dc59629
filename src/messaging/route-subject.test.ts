import { describe, expect, test } from 'vitest';
import type { Target } from '../base/target.ts';
import { policyOf } from '../resilience/policy.fixture.ts';
import { PolicyBook } from '../resilience/policy-book.ts';
import type { PolicyTarget } from '../resilience/policy-match.ts';
import type { Provider } from './directory.ts';
import { RouteSubjects } from './route-subject.ts';

const provider = (systemId: string, type: string, capabilities: readonly string[]): Provider => ({
  systemId,
  type,
  capabilities,
  weight: 1,
  zone: '',
  endpoints: [],
});
const message = { messageType: 'm', kind: 'QUERY', source: 's' } as const;
const toType: Target = { by: 'type', type: 'ledger' };
const toBook: Target = { by: 'capability', capability: 'book' };

describe('policies are matched against', () => {
  test.each<[string, Target, Provider[], PolicyTarget]>([
    [
      'the system with its type and capabilities',
      { by: 'system', systemId: 'a' },
      [provider('a', 'ledger', ['ask', 'book'])],
      { systemId: 'a', type: 'ledger', capabilities: ['ask', 'book'] },
    ],
    [
      'a system that nobody knows',
      { by: 'system', systemId: 'a' },
      [],
      { systemId: 'a', type: undefined, capabilities: [] },
    ],
    [
      'a type with the capabilities that all of its systems have',
      toType,
      [provider('a', 'ledger', ['ask', 'book', 'one']), provider('b', 'ledger', ['book', 'ask'])],
      { systemId: undefined, type: 'ledger', capabilities: ['ask', 'book'] },
    ],
    ['a type that nobody has', toType, [], { systemId: undefined, type: 'ledger', capabilities: [] }],
    [
      'a capability with what else all of its systems have',
      toBook,
      [provider('a', 'ledger', ['ask', 'book', 'one']), provider('b', 'ledger', ['book', 'ask'])],
      { systemId: undefined, type: 'ledger', capabilities: ['book', 'ask'] },
    ],
    [
      'a capability of systems of several types',
      toBook,
      [provider('a', 'ledger', ['book']), provider('b', 'bank', ['book'])],
      { systemId: undefined, type: undefined, capabilities: ['book'] },
    ],
  ])('%s', (_what, target, providers, expected) => {
    const subjects = new RouteSubjects();
    expect(subjects.of({ ...message, target }, providers)).toEqual({ ...message, ...expected });
    // From memory, too.
    expect(subjects.of({ ...message, target }, providers)).toEqual({ ...message, ...expected });
  });
});

test('a policy by a capability holds for a type all of whose systems have it, as for each of them', () => {
  const book = new PolicyBook([policyOf('booking', { capabilities: ['book'] }, { timeoutMs: 5 })]);
  const all = [provider('a', 'ledger', ['book']), provider('b', 'ledger', ['book'])];
  const timeoutOf = (target: Target, providers: readonly Provider[]): number =>
    book.resolve(new RouteSubjects().of({ ...message, target }, providers)).policy.timeoutMs;
  expect(timeoutOf(toType, all)).toBe(5);
  expect(timeoutOf({ by: 'system', systemId: 'a' }, all.slice(0, 1))).toBe(5);
  expect(timeoutOf(toType, [...all, provider('c', 'ledger', [])])).toBe(60_000);
});
