import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HubError } from '../../src/base/error.ts';
import { createFakeClock, type FakeClock } from '../../src/base/fake-clock.ts';
import type { Store, Table } from '../../src/base/table.ts';
import type { CatalogPolicy } from '../../src/registry/catalog-book.ts';
import type { CatalogPlan } from '../../src/registry/catalog-change.ts';
import { catalogFixture, declaredFixture } from '../../src/registry/catalog.fixture.ts';
import type { Catalog } from '../../src/registry/catalog.ts';
import { lostKeepMs } from '../../src/registry/lease.ts';
import { openRegistry, type Registry, type RegistryOptions } from '../../src/registry/registry.ts';
import { createSystemFilter, everySystem } from '../../src/registry/system-filter.ts';
import { specFixture } from '../../src/registry/system.fixture.ts';
import { openSqliteStore } from '../../src/storage/sqlite/sqlite-store.ts';

let dataDir: string;
let clock: FakeClock;
let store: Store;
let registry: Registry;
let commits = 0;
/** What the store does instead of committing, while it is set. */
let fault: ((commit: () => Promise<unknown>) => Promise<void>) | undefined;
/** The policies of catalogs as listeners were told last. */
let heard: readonly CatalogPolicy[] | undefined;

function faulty(real: Store): Pick<Store, 'table' | 'view'> {
  return {
    view: (definition) => real.view(definition),
    async table(name) {
      const table = await real.table(name);
      return {
        get: (key) => table.get(key),
        scan: (prefix, options) => table.scan(prefix, options),
        watch: (from, signal) => table.watch(from, signal),
        async commit(changes) {
          commits += 1;
          await fault?.(() => table.commit(changes));
          return table.commit(changes);
        },
      } satisfies Table;
    },
  };
}

const configured = new Set<string>();

async function open(options: Partial<RegistryOptions> = {}): Promise<void> {
  store = await openSqliteStore({ dataDir, clock });
  registry = await openRegistry({
    store: faulty(store),
    clock,
    configuredPolicies: configured,
    onPolicies: (policies) => {
      heard = policies;
    },
    ...options,
  });
}

async function reopen(options: Partial<RegistryOptions> = {}): Promise<void> {
  await registry.close();
  await store.close();
  await open(options);
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'switchyard-catalogs-'));
  clock = createFakeClock();
  fault = undefined;
  heard = undefined;
  configured.clear();
  await open();
});
afterEach(async () => {
  await registry.close();
  await store.close();
  await rm(dataDir, { recursive: true });
});

const diskFull = async (): Promise<void> =>
  Promise.reject(new HubError({ reason: 'STORE_UNAVAILABLE', message: 'disk full' }));
/** The store commits, and fails to say so. */
const silent = async (commit: () => Promise<unknown>): Promise<void> => {
  await commit();
  await diskFull();
};

/** A plan as lines: `UPDATE system a: labels, weight; interfaces (registration)`. */
function linesOf({ changes }: CatalogPlan): string[] {
  return changes.map(({ action, resource, id, fields, conflicts }) => {
    const said = conflicts.map(({ field, owner }) => `${field}(${owner})`);
    return [`${action} ${resource} ${id}`, fields.join(','), said.join(',')]
      .filter((part) => part !== '')
      .join(' ');
  });
}
const apply = async (catalog: Catalog, options: { prune?: boolean; validateOnly?: boolean } = {}) =>
  linesOf(await registry.apply(catalog, options));
const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString();
const ids = (): string[] => [...registry.directory.systems()].map(({ id }) => id).sort();
/** Everything that can be seen of catalogs, for comparing before and after. */
const seen = () => ({
  systems: [...registry.directory.systems()].map(({ etag: _etag, ...system }) => system),
  policies: registry.catalogPolicies(),
  catalogs: registry.catalogs(),
});

const whole = catalogFixture('shop', {
  systems: [declaredFixture('a', { labels: { team: 'x' } }), declaredFixture('b')],
  policies: { slow: { timeoutMs: 5000 } },
  sets: { pets: 'types' },
});

describe('apply', () => {
  test('creates everything, in the order of the catalog, and keeps it over a restart', async () => {
    expect(await apply(whole)).toEqual([
      'CREATE SYSTEM a',
      'CREATE SYSTEM b',
      'CREATE POLICY slow',
      'CREATE DESCRIPTOR_SET pets',
    ]);
    const check = (): void => {
      expect(registry.directory.get('a')).toMatchObject({
        labels: { team: 'x' },
        lease: undefined,
        registrationId: '',
      });
      expect(registry.catalogPolicies()).toEqual([
        { name: 'slow', catalog: 'shop', value: { timeoutMs: 5000 } },
      ]);
      expect(textOf(registry.descriptorSets.get('pets'))).toBe('types');
      expect(registry.catalogs()).toEqual([
        { name: 'shop', systems: 2, policies: 1, descriptorSets: 1, updateTimeMs: clock.now() },
      ]);
    };
    check();
    expect(heard).toEqual(registry.catalogPolicies());
    await reopen();
    check();
  });

  test('is one commit, and nothing is seen when the store refuses it', async () => {
    commits = 0;
    fault = diskFull;
    await expect(registry.apply(whole)).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    expect(commits).toBe(1);
    expect(seen()).toEqual({ systems: [], policies: [], catalogs: [] });
    fault = undefined;
    await reopen();
    expect(seen()).toEqual({ systems: [], policies: [], catalogs: [] });
    expect(await apply(whole)).toHaveLength(4);
  });

  test('writes nothing when everything is as it says, in any order of keys', async () => {
    await registry.apply(whole);
    const before = seen();
    fault = diskFull;
    const again = catalogFixture('shop', {
      systems: [declaredFixture('a', { labels: { team: 'x' } }), declaredFixture('b')],
      policies: { slow: { timeoutMs: 5000 } },
      sets: { pets: 'types' },
    });
    await clock.advance(5000);
    expect(await apply(again)).toEqual([
      'UNCHANGED SYSTEM a',
      'UNCHANGED SYSTEM b',
      'UNCHANGED POLICY slow',
      'UNCHANGED DESCRIPTOR_SET pets',
    ]);
    expect(await apply(again, { prune: true })).toHaveLength(4);
    expect(seen()).toEqual(before);
    fault = undefined;
    await reopen();
    fault = diskFull;
    expect(await apply(again)).toHaveLength(4);
  });

  test('names the fields that change, and sets again what others changed', async () => {
    await registry.apply(whole);
    await registry.update('a', { weight: 9, name: 'Other' });
    const next = catalogFixture('shop', {
      systems: [declaredFixture('a', { labels: { team: 'y' } }), declaredFixture('b')],
      policies: { slow: { timeoutMs: 6000 } },
      sets: { pets: 'other types' },
    });
    expect(await apply(next)).toEqual([
      'UPDATE SYSTEM a name,labels,weight',
      'UNCHANGED SYSTEM b',
      'UPDATE POLICY slow timeoutMs',
      'UPDATE DESCRIPTOR_SET pets data',
    ]);
    expect(registry.directory.get('a')).toMatchObject({ labels: { team: 'y' }, weight: 1, name: 'System a' });
    expect(heard?.[0]?.value).toEqual({ timeoutMs: 6000 });
    await reopen();
    expect(textOf(registry.descriptorSets.get('pets'))).toBe('other types');
  });

  test('with validateOnly says the same and changes nothing', async () => {
    expect(await apply(whole, { validateOnly: true })).toHaveLength(4);
    expect(seen()).toEqual({ systems: [], policies: [], catalogs: [] });
    expect(heard).toBeUndefined();
  });

  test('finds its own work when the store committed and could not say so', async () => {
    fault = silent;
    await expect(registry.apply(whole)).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    expect(ids()).toEqual([]);
    fault = undefined;
    const lines = await apply(whole);
    expect(lines.map((line) => line.split(' ')[0])).toEqual(Array(4).fill('UNCHANGED'));
    expect(ids()).toEqual(['a', 'b']);
    expect(heard).toHaveLength(1);
    expect(textOf(registry.descriptorSets.get('pets'))).toBe('types');
  });

  test('runs apart from registrations: none of many at once is lost', async () => {
    const catalog = catalogFixture('shop', {
      systems: [declaredFixture('a', { labels: { by: 'catalog' } })],
    });
    await Promise.all([
      registry.register(specFixture('b')),
      registry.register(specFixture('a', { version: '2', labels: { by: 'process' } })),
      registry.apply(catalog),
      registry.register(specFixture('c')),
      registry.register(specFixture('a', { version: '3', labels: { by: 'process' } })),
    ]);
    expect(ids()).toEqual(['a', 'b', 'c']);
    expect(registry.directory.get('a')).toMatchObject({ version: '3', labels: { by: 'catalog' } });
  });

  test('waits for a registration that began before, and decides on what that left', async () => {
    const byCatalog = { labels: { by: 'catalog' } };
    await registry.register(specFixture('a', byCatalog));
    // The catalog finds nothing to change in the system as it was; in what the process registers meanwhile it does.
    await Promise.all([
      registry.register(specFixture('a', { labels: { by: 'process' } })),
      registry.apply(catalogFixture('shop', { systems: [declaredFixture('a', byCatalog)] })),
    ]);
    expect(registry.directory.get('a')?.labels).toEqual({ by: 'catalog' });
  });

  test('lists its systems by filter as any other, and no row of its own', async () => {
    await registry.apply(whole);
    const found = await registry.list(createSystemFilter({ ...everySystem, labels: { team: 'x' } }), {
      limit: 10,
    });
    expect(found.map(({ id }) => id)).toEqual(['a']);
    expect(await registry.list(createSystemFilter(everySystem), { limit: 10 })).toHaveLength(2);
    expect(await registry.summary()).toMatchObject({ systems: 2, byVersion: new Map([['1.0.0', 2]]) });
  });
});

describe('prune', () => {
  const less = catalogFixture('shop', { systems: [declaredFixture('b')] });

  test('deletes what the catalog created and names no more; without, it stays for a later prune', async () => {
    await registry.apply(whole);
    expect(await apply(less)).toEqual(['UNCHANGED SYSTEM b']);
    expect(ids()).toEqual(['a', 'b']);
    expect(registry.catalogPolicies()).toHaveLength(1);
    expect(registry.descriptorSets.get('pets')).toBeDefined();
    await reopen();
    expect(await apply(less, { prune: true })).toEqual([
      'UNCHANGED SYSTEM b',
      'DELETE SYSTEM a',
      'DELETE POLICY slow',
      'DELETE DESCRIPTOR_SET pets',
    ]);
    expect(await apply(less, { prune: true })).toEqual(['UNCHANGED SYSTEM b']);
    for (const again of [false, true]) {
      if (again) await reopen();
      expect(ids()).toEqual(['b']);
      expect(registry.catalogPolicies()).toEqual([]);
      expect(registry.descriptorSets.get('pets')).toBeUndefined();
    }
  });

  test('leaves alone what it did not create', async () => {
    await registry.register(specFixture('other'));
    await registry.apply(whole);
    expect(await apply(catalogFixture('shop'), { prune: true })).toHaveLength(4);
    expect(ids()).toEqual(['other']);
  });

  test('forgets a catalog of which nothing is left', async () => {
    await registry.apply(whole);
    await registry.apply(catalogFixture('shop'), { prune: true });
    expect(registry.catalogs()).toEqual([]);
    await reopen();
    expect(registry.catalogs()).toEqual([]);
  });

  test('leaves a system that a registration holds, and it goes when that does', async () => {
    await registry.apply(whole);
    const { registrationId } = await registry.register(specFixture('a'));
    expect(await apply(less, { prune: true })).toContain('UNCHANGED SYSTEM a (registration)');
    expect(ids()).toEqual(['a', 'b']);
    await registry.deregister('a', { registrationId });
    expect(ids()).toEqual(['b']);
  });

  test('leaves what another catalog names too, which then owns it', async () => {
    await registry.apply(whole);
    const second = catalogFixture('second', {
      systems: [declaredFixture('a', { zone: 'eu' })],
      policies: { slow: { timeoutMs: 7000 } },
      sets: { pets: 'second types' },
    });
    expect(await apply(second)).toEqual([
      'UNCHANGED SYSTEM a (catalog:shop)',
      'UNCHANGED POLICY slow (catalog:shop)',
      'UNCHANGED DESCRIPTOR_SET pets (catalog:shop)',
    ]);
    expect(registry.catalogPolicies()[0]).toMatchObject({ catalog: 'shop', value: { timeoutMs: 5000 } });
    expect(await apply(less, { prune: true })).toEqual([
      'UNCHANGED SYSTEM b',
      'UNCHANGED SYSTEM a (catalog:second)',
      'UNCHANGED POLICY slow (catalog:second)',
      'UNCHANGED DESCRIPTOR_SET pets (catalog:second)',
    ]);
    await reopen();
    expect(registry.catalogPolicies()[0]).toMatchObject({ catalog: 'second', value: { timeoutMs: 7000 } });
    expect(textOf(registry.descriptorSets.get('pets'))).toBe('second types');
    expect(await apply(second)).toContain('UPDATE SYSTEM a labels,zone');
  });
});

describe('a catalog and a registration of the same system', () => {
  const says = catalogFixture('shop', {
    systems: [declaredFixture('a', { labels: { team: 'x' }, weight: 7, version: '1' })],
  });
  const process = specFixture('a', { version: '2', labels: { own: 'y' }, weight: 3, owner: 'me' });

  for (const order of ['catalog first', 'registration first'] as const) {
    test(`${order}: the process has its version, the catalog labels and weight, and owner where it is silent`, async () => {
      if (order === 'catalog first') await registry.apply(says);
      await registry.register(process, { leaseTtlMs: 60_000 });
      const lines = await apply(says);
      expect(lines).toEqual([
        order === 'catalog first'
          ? 'UNCHANGED SYSTEM a version(registration)'
          : 'UPDATE SYSTEM a labels,weight version(registration)',
      ]);
      expect(registry.directory.get('a')).toMatchObject({
        version: '2',
        labels: { team: 'x' },
        weight: 7,
        owner: 'me',
        lease: { ttlMs: 60_000, expired: false },
      });
      // The next incarnation too, and after a restart.
      await reopen();
      await registry.register({ ...process, version: '3' }, { leaseTtlMs: 60_000 });
      expect(registry.directory.get('a')).toMatchObject({ version: '3', labels: { team: 'x' }, weight: 7 });
    });
  }

  test('a conflict says what is kept, what the catalog wanted, and the way out', async () => {
    await registry.register(process);
    const plan = await registry.apply(says);
    expect(plan.changes[0]?.conflicts[0]?.message).toBe(
      'stays "2" as the system registered; the catalog says "1". Deregister the system to give the field to the catalog',
    );
  });

  test('keeps the lease that runs when the catalog changes labels', async () => {
    const { registrationId } = await registry.register(process, { leaseTtlMs: 10_000 });
    await clock.advance(6000);
    await registry.apply(says);
    expect(registry.directory.get('a')?.lease?.expireTimeMs).toBe(clock.now() + 4000);
    expect(registry.renewLeases([{ systemId: 'a', registrationId }]).renewed).toHaveLength(1);
  });

  test('when the lease is lost for 24 h, the system comes back as the catalog says', async () => {
    await registry.apply(says);
    const { registrationId } = await registry.register(process, { leaseTtlMs: 10_000 });
    await clock.advance(10_000);
    expect(registry.directory.get('a')).toMatchObject({ version: '2', lease: { expired: true } });
    await clock.advance(lostKeepMs);
    await expect.poll(() => registry.directory.get('a')?.version).toBe('1');
    expect(registry.directory.get('a')).toMatchObject({ lease: undefined, labels: { team: 'x' }, owner: '' });
    expect(registry.renewLeases([{ systemId: 'a', registrationId }]).lost).toMatchObject([
      { reason: 'LEASE_LOST' },
    ]);
    await reopen();
    expect(registry.directory.get('a')).toMatchObject({ version: '1', lease: undefined });
  });

  test('deregistering gives it back to the catalog; once more removes it until the catalog is applied', async () => {
    await registry.apply(says);
    const { registrationId } = await registry.register(process);
    expect(await registry.deregister('a', { registrationId })).toMatchObject({ version: '2' });
    expect(registry.directory.get('a')).toMatchObject({ version: '1' });
    await registry.deregister('a');
    expect(ids()).toEqual([]);
    await reopen();
    expect(ids()).toEqual([]);
    expect(await apply(says)).toEqual(['CREATE SYSTEM a']);
  });
});

describe('policies of the configuration', () => {
  test('keep their names: the catalog has a conflict, and its policy waits', async () => {
    configured.add('slow');
    expect(await apply(whole)).toContain('UNCHANGED POLICY slow (configuration)');
    expect(await apply(whole)).toContain('UNCHANGED POLICY slow (configuration)');
    configured.clear();
    expect(await apply(whole)).toContain('UNCHANGED POLICY slow');
  });
});

describe('bounds', () => {
  const full = (what: string): unknown =>
    expect.objectContaining({
      reason: 'REGISTRY_FULL',
      metadata: expect.objectContaining({ what }) as object,
    });

  test('of systems, with those that are registered; pruning makes room in the same step', async () => {
    await reopen({ systemsMax: 2 });
    await registry.register(specFixture('x'));
    await expect(registry.apply(whole)).rejects.toEqual(full('systems'));
    expect(ids()).toEqual(['x']);
    await registry.apply(catalogFixture('shop', { systems: [declaredFixture('a')] }));
    const swap = catalogFixture('shop', { systems: [declaredFixture('b')] });
    await expect(registry.apply(swap)).rejects.toEqual(full('systems'));
    expect(await apply(swap, { prune: true })).toEqual(['CREATE SYSTEM b', 'DELETE SYSTEM a']);
  });

  test('of policies, with those of the configuration', async () => {
    for (let at = 0; at < 999; at += 1) configured.add(`c${at}`);
    await registry.apply(catalogFixture('one', { policies: { p: { timeoutMs: 1 } } }));
    await expect(
      registry.apply(catalogFixture('two', { policies: { q: { timeoutMs: 1 } } })),
    ).rejects.toEqual(full('policies'));
  });

  test('of descriptor sets and catalogs, of all catalogs together', async () => {
    const sets = (from: number, to: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: to - from }, (_, at) => [`s${from + at}`, 'x']));
    await registry.apply(catalogFixture('one', { sets: sets(0, 60) }));
    await expect(registry.apply(catalogFixture('two', { sets: sets(60, 101) }))).rejects.toEqual(
      full('descriptor sets'),
    );
    expect(await apply(catalogFixture('two', { sets: sets(60, 100) }))).toHaveLength(40);
    for (let at = 2; at < 1000; at += 1) {
      await registry.apply(catalogFixture(`c${at}`, { systems: [declaredFixture('shared')] }));
    }
    await expect(
      registry.apply(catalogFixture('late', { systems: [declaredFixture('shared')] })),
    ).rejects.toEqual(full('catalogs'));
  });
});

describe('versions', () => {
  const versionsOf = async (id: string): Promise<string[]> =>
    (await registry.versions(id)).map(({ version, registrations }) => `${version}×${registrations}`);

  test('of registrations, updates and catalogs, the newest first, over a restart', async () => {
    await registry.register(specFixture('a', { version: '1' }));
    const firstTimeMs = clock.now();
    await clock.advance(1000);
    await registry.register(specFixture('a', { version: '1' }));
    expect(await registry.versions('a')).toEqual([
      { version: '1', firstTimeMs, lastTimeMs: clock.now(), registrations: 2 },
    ]);
    await registry.update('a', { weight: 2 });
    await registry.update('a', { version: '2' });
    await reopen();
    await registry.register(specFixture('a', { version: '1' }));
    expect(await versionsOf('a')).toEqual(['1×1', '2×1', '1×2']);
    await registry.apply(catalogFixture('shop', { systems: [declaredFixture('b', { version: '7' })] }));
    await registry.apply(
      catalogFixture('shop', { systems: [declaredFixture('b', { version: '7', zone: 'eu' })] }),
    );
    await registry.apply(catalogFixture('shop', { systems: [declaredFixture('b', { version: '8' })] }));
    expect(await versionsOf('b')).toEqual(['8×1', '7×1']);
  });

  test('the last 100 are kept', async () => {
    for (let at = 0; at < 105; at += 1) await registry.register(specFixture('a', { version: `v${at}` }));
    const versions = await versionsOf('a');
    expect(versions).toHaveLength(100);
    expect([versions[0], versions[99]]).toEqual(['v104×1', 'v5×1']);
  });

  test('of a system that is gone are kept for 24 h, and go on when it comes back', async () => {
    await registry.register(specFixture('a', { version: '1' }));
    await registry.register(specFixture('b', { version: '1' }));
    await registry.deregister('a');
    await registry.deregister('b');
    await reopen();
    expect(await versionsOf('a')).toEqual(['1×1']);
    await registry.register(specFixture('a', { version: '2' }));
    expect(await versionsOf('a')).toEqual(['2×1', '1×1']);
    await clock.advance(24 * 3_600_000);
    await expect(registry.versions('b')).rejects.toMatchObject({ reason: 'SYSTEM_NOT_FOUND' });
    await expect(registry.versions('never')).rejects.toMatchObject({ reason: 'SYSTEM_NOT_FOUND' });
    // The next one that goes takes along the rows that nobody needs.
    await registry.deregister('a');
    const table = await store.table('systems');
    expect((await table.scan('.')).map(({ key }) => key)).toEqual(['.gone/a']);
  });
});

describe('whatever catalogs and registrations do', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('apply' as const),
      catalog: fc.constantFrom('x', 'y'),
      systems: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
      policies: fc.uniqueArray(fc.constantFrom('p', 'q'), { maxLength: 2 }),
      sets: fc.uniqueArray(fc.constantFrom('s', 't'), { maxLength: 2 }),
      variant: fc.constantFrom('1', '2'),
      prune: fc.boolean(),
      lost: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('register' as const), id: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ kind: fc.constant('deregister' as const), id: fc.constantFrom('a', 'b', 'c') }),
  );

  test('a restart shows the same, and applying again changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        for (const each of steps) {
          if (each.kind === 'register') await registry.register(specFixture(each.id, { version: 'p' }));
          else if (each.kind === 'deregister') await registry.deregister(each.id).catch(() => undefined);
          else {
            const { variant } = each;
            const catalog = catalogFixture(each.catalog, {
              systems: each.systems.map((id) =>
                declaredFixture(id, variant === '1' ? { version: variant } : { labels: { variant } }),
              ),
              policies: Object.fromEntries(
                each.policies.map((name) => [name, { timeoutMs: Number(variant) }]),
              ),
              sets: Object.fromEntries(each.sets.map((name) => [name, variant])),
            });
            fault = each.lost ? silent : undefined;
            await registry.apply(catalog, { prune: each.prune }).catch(() => undefined);
            fault = undefined;
            const planned = await apply(catalog, { prune: each.prune, validateOnly: true });
            await registry.apply(catalog, { prune: each.prune });
            if (!each.lost) expect(planned.every((line) => line.startsWith('UNCHANGED'))).toBe(true);
            const written = commits;
            const again = await apply(catalog, { prune: each.prune });
            expect(commits).toBe(written);
            expect(again.filter((line) => !line.startsWith('UNCHANGED'))).toEqual([]);
          }
        }
        const before = seen();
        const sets = ['s', 't'].map((name) => textOf(registry.descriptorSets.get(name)));
        await reopen();
        const bySystem = (each: ReturnType<typeof seen>) => ({
          ...each,
          systems: [...each.systems].sort((a, b) => (a.id < b.id ? -1 : 1)),
        });
        expect(bySystem(seen())).toEqual(bySystem(before));
        expect(['s', 't'].map((name) => textOf(registry.descriptorSets.get(name)))).toEqual(sets);
        // Empty it for the next run.
        for (const name of ['x', 'y']) await registry.apply(catalogFixture(name), { prune: true });
        for (const id of ids()) await registry.deregister(id);
        expect(seen()).toEqual({ systems: [], policies: [], catalogs: [] });
        const table = await store.table('systems');
        const left = (await table.scan('.')).filter(({ key }) => !key.startsWith('.gone/'));
        expect(left.map(({ key }) => key)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});
