import { expect, test } from 'vitest';
import { CatalogBook } from './catalog-book.ts';
import { catalogFixture, declaredFixture } from './catalog.fixture.ts';
import { planSystems } from './planned-systems.ts';

test('a shared system that somebody removed comes back as its owner says, whichever catalog is applied', () => {
  const book = new CatalogBook();
  const owners = declaredFixture('a', { version: '1' });
  book.set('owner', {
    name: 'owner',
    updateTimeMs: 0,
    systems: new Map([['a', { value: owners, since: 1, left: false }]]),
    leftSystems: new Set(),
    policies: new Map(),
    descriptorSets: new Map(),
  });
  const sharer = catalogFixture('sharer', { systems: [declaredFixture('a', { version: '2' })] });
  const { named, becomes } = planSystems(sharer, { book, system: () => undefined }, { prune: false });
  expect(named).toMatchObject([{ action: 'CREATE', id: 'a', conflicts: [{ owner: 'catalog:owner' }] }]);
  expect(becomes.get('a')).toBe(owners.spec);
});
