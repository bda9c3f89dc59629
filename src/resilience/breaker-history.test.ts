import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BreakerHistory } from './breaker-history.ts';

const transition = (cause: string) =>
  ({
    systemId: 'a',
    interface: 'rest',
    messageType: '',
    from: 'CLOSED',
    to: 'OPEN',
    timeMs: 0,
    cause,
  }) as const;

test('gives the newest first, and pages by their numbers', () => {
  const history = new BreakerHistory();
  for (const cause of ['one', 'two', 'three']) history.record(transition(cause));
  const [newest, ...rest] = [...history.newestFirst()];
  expect(newest).toMatchObject({ cause: 'three', from: 'CLOSED', to: 'OPEN' });
  expect([...history.newestFirst(newest!.number)]).toEqual(rest);
  expect(rest.map(({ cause }) => cause)).toEqual(['two', 'one']);
});

test('remembers exactly the last ones', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(20), fc.nat(25), (max, count, before) => {
      const history = new BreakerHistory(max);
      const all = Array.from({ length: count }, (_, index) => index);
      for (const index of all) history.record(transition(String(index)));
      const kept = all.slice(-max).reverse();
      expect([...history.newestFirst()].map(({ cause }) => Number(cause))).toEqual(kept);
      expect([...history.newestFirst(before)].map(({ number }) => number)).toEqual(
        kept.filter((index) => index < before),
      );
    }),
  );
});
