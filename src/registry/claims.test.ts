import { expect, test } from 'vitest';
import { type Claim, Claims } from './claims.ts';

const claims = (
  entries: Readonly<Record<string, [since: number, left?: 'left']>>,
): ReadonlyMap<string, Claim<string>> =>
  new Map(
    Object.entries(entries).map(([id, [since, left]]) => [
      id,
      { value: `${id}@${since}`, since, left: left === 'left' },
    ]),
  );

test('the oldest claim owns, and the next inherits', () => {
  const all = new Claims<string>();
  const late = claims({ a: [5] });
  const early = claims({ a: [2] });
  all.replace('late', undefined, late);
  all.replace('early', undefined, early);
  expect(all.owner('a')).toMatchObject({ catalog: 'early', value: 'a@2' });
  expect(all.owner('a', 'early')).toMatchObject({ catalog: 'late' });
  expect(all.size).toBe(2);
  all.replace('early', early, undefined);
  expect(all.owner('a')?.catalog).toBe('late');
  all.replace('late', late, claims({ b: [6] }));
  expect(all.owner('a')).toBeUndefined();
  expect([...all.owners()].map(([id]) => id)).toEqual(['b']);
  expect(all.size).toBe(1);
});

test('a claim that was left gives way to any that was not, however late', () => {
  const all = new Claims<string>();
  all.replace('gone', undefined, claims({ a: [1, 'left'] }));
  expect(all.owner('a')?.catalog).toBe('gone');
  all.replace('new', undefined, claims({ a: [9] }));
  expect(all.owner('a')?.catalog).toBe('new');
});

test('of claims that were left the newest stays in force: it was the last to be', () => {
  const all = new Claims<string>();
  all.replace('first', undefined, claims({ a: [1, 'left'] }));
  const second = claims({ a: [2] });
  all.replace('second', undefined, second);
  all.replace('second', second, claims({ a: [2, 'left'] }));
  expect(all.owner('a')?.catalog).toBe('second');
});
