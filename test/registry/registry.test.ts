import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HubError } from '../../src/base/error.ts';
import { createFakeClock, type FakeClock } from '../../src/base/fake-clock.ts';
import type { FeedEvent } from '../../src/base/feed.ts';
import { type HealthStatus, healthStatuses } from '../../src/base/health-status.ts';
import type { Store, Table } from '../../src/base/table.ts';
import { type Registry, type RegistryOptions, openRegistry } from '../../src/registry/registry.ts';
import { lostKeepMs } from '../../src/registry/lease.ts';
import { createSystemFilter, everySystem } from '../../src/registry/system-filter.ts';
import { needs, specFixture } from '../../src/registry/system.fixture.ts';
import type { System } from '../../src/registry/system.ts';
import { openSqliteStore } from '../../src/storage/sqlite/sqlite-store.ts';

let dataDir: string;
let clock: FakeClock;
let store: Store;
let registry: Registry;

/** What the store does instead of committing, while it is set. */
let fault: ((commit: () => Promise<unknown>) => Promise<void>) | undefined;

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
          const happens = fault;
          if (happens !== undefined) await happens(() => table.commit(changes));
          return table.commit(changes);
        },
      } satisfies Table;
    },
  };
}

async function open(options: Partial<RegistryOptions> = {}): Promise<void> {
  store = await openSqliteStore({ dataDir, clock });
  registry = await openRegistry({ store: faulty(store), clock, ...options });
}

async function reopen(options: Partial<RegistryOptions> = {}): Promise<void> {
  await registry.close();
  await store.close();
  await open(options);
}

const diskFull = async (): Promise<void> =>
  Promise.reject(new HubError({ reason: 'STORE_UNAVAILABLE', message: 'disk full' }));
const reason = (name: string): unknown => expect.objectContaining({ reason: name });
const all = createSystemFilter(everySystem);
const idsOf = (systems: Iterable<System>): string[] => [...systems].map(({ id }) => id).sort();

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'switchyard-registry-'));
  clock = createFakeClock();
  fault = undefined;
  await open();
});
afterEach(async () => {
  await registry.close();
  await store.close();
  await rm(dataDir, { recursive: true });
});

describe('register', () => {
  test('keeps the system and names the incarnation', async () => {
    const spec = specFixture('a', { capabilities: ['fly'] });
    const system = await registry.register(spec);
    expect(system).toMatchObject({
      ...spec,
      createTimeMs: clock.now(),
      updateTimeMs: clock.now(),
      lease: undefined,
    });
    expect(system.registrationId).not.toBe('');
    expect(system.etag).not.toBe('');
    expect(registry.directory.get('a')).toBe(system);
  });

  test('replaces as a new incarnation that keeps the create time only', async () => {
    const first = await registry.register(specFixture('a', { labels: { old: '1' } }), { leaseTtlMs: 5000 });
    await clock.advance(1000);
    const second = await registry.register(specFixture('a'));
    expect(second).toMatchObject({ createTimeMs: first.createTimeMs, updateTimeMs: clock.now(), labels: {} });
    expect(second.registrationId).not.toBe(first.registrationId);
    expect(second.etag).not.toBe(first.etag);
    expect(second.lease).toBeUndefined();
    await clock.advance(60_000);
    expect(registry.directory.get('a')?.lease).toBeUndefined();
  });

  test('with ifAbsent lets exactly one of many at once have the id', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, async () => registry.register(specFixture('a'), { ifAbsent: true })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toEqual(reason('SYSTEM_EXISTS'));
    }
  });

  test('with validateOnly checks everything and changes nothing', async () => {
    const preview = await registry.register(specFixture('a'), { validateOnly: true, leaseTtlMs: 5000 });
    expect(preview).toMatchObject({ id: 'a', registrationId: '', etag: '', lease: { ttlMs: 5000 } });
    expect(registry.directory.size).toBe(0);
    await registry.register(specFixture('a'));
    await expect(registry.register(specFixture('a'), { validateOnly: true, ifAbsent: true })).rejects.toEqual(
      reason('SYSTEM_EXISTS'),
    );
    await reopen();
    expect(registry.directory.get('a')?.lease).toBeUndefined();
  });

  test('stops at the bound on systems, also when they come at once, and still replaces', async () => {
    await reopen({ systemsMax: 3 });
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c', 'd', 'e'].map(async (id) => registry.register(specFixture(id))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(outcomes[4]).toMatchObject({ reason: reason('REGISTRY_FULL') });
    await registry.register(specFixture('a'));
    await registry.deregister('a');
    await registry.register(specFixture('d'));
    expect(registry.directory.size).toBe(3);
  });
});

describe('update', () => {
  test('changes the named fields, keeps incarnation and lease, and survives a restart', async () => {
    const first = await registry.register(specFixture('a', { zone: 'eu' }), { leaseTtlMs: 10_000 });
    await clock.advance(1000);
    const second = await registry.update('a', { weight: 7, labels: { team: 'x' } }, { etag: first.etag });
    expect(second).toMatchObject({ weight: 7, labels: { team: 'x' }, zone: 'eu', name: first.name });
    expect(second.registrationId).toBe(first.registrationId);
    expect(second.lease).toEqual(first.lease);
    expect(second.updateTimeMs).toBe(clock.now());
    await reopen();
    expect(registry.directory.get('a')).toMatchObject({ weight: 7, etag: second.etag });
  });

  test('refuses an old etag and an unknown id, and writes nothing', async () => {
    const first = await registry.register(specFixture('a'));
    const second = await registry.update('a', { weight: 2 });
    await expect(registry.update('a', { weight: 3 }, { etag: first.etag })).rejects.toMatchObject({
      reason: 'ETAG_MISMATCH',
      metadata: { current_etag: second.etag },
    });
    await expect(registry.update('b', { weight: 3 })).rejects.toEqual(reason('SYSTEM_NOT_FOUND'));
    expect(registry.directory.get('a')).toBe(second);
  });

  test('loses none of many updates at once', async () => {
    await registry.register(specFixture('a'));
    await Promise.all([
      registry.update('a', { weight: 2 }),
      registry.update('a', { zone: 'eu' }),
      registry.update('a', { name: 'New' }),
      registry.update('a', { labels: { x: 'y' } }),
    ]);
    expect(registry.directory.get('a')).toMatchObject({
      weight: 2,
      zone: 'eu',
      name: 'New',
      labels: { x: 'y' },
    });
    await reopen();
    expect(registry.directory.get('a')).toMatchObject({
      weight: 2,
      zone: 'eu',
      name: 'New',
      labels: { x: 'y' },
    });
  });

  test('that changes nothing writes nothing, and validateOnly shows what would be', async () => {
    const first = await registry.register(specFixture('a'));
    fault = diskFull;
    expect(await registry.update('a', { weight: 1 })).toBe(first);
    expect(await registry.update('a', { weight: 2 }, { validateOnly: true })).toMatchObject({ weight: 2 });
    expect(registry.directory.get('a')).toBe(first);
  });
});

describe('deregister', () => {
  test('removes the system and returns it as it was', async () => {
    const system = await registry.register(specFixture('a'));
    expect(await registry.deregister('a', { validateOnly: true })).toBe(system);
    expect(await registry.deregister('a', { etag: system.etag, registrationId: system.registrationId })).toBe(
      system,
    );
    expect(registry.directory.get('a')).toBeUndefined();
    await expect(registry.deregister('a')).rejects.toEqual(reason('SYSTEM_NOT_FOUND'));
    await reopen();
    expect(registry.directory.size).toBe(0);
  });

  test('does not let an old process remove the new one', async () => {
    const old = await registry.register(specFixture('a'));
    await registry.register(specFixture('a'));
    await expect(registry.deregister('a', { registrationId: old.registrationId })).rejects.toEqual(
      reason('LEASE_LOST'),
    );
    await expect(registry.deregister('a', { etag: old.etag })).rejects.toEqual(reason('ETAG_MISMATCH'));
    expect(registry.directory.size).toBe(1);
  });
});

describe('durability', () => {
  test('everything acknowledged is there after a restart, with registration ids and lease ttls', async () => {
    const specs = Array.from({ length: 1203 }, (_, at) =>
      specFixture(`team.s${at}`, {
        type: `t${at % 7}`,
        capabilities: [`c${at % 5}`],
        dependencies: needs('type:t1', 'system:team.s0?'),
        configuration: { nested: { list: [1, 'two', null, { three: true }] } },
      }),
    );
    const before = await Promise.all(
      specs.map(async (spec, at) =>
        registry.register(spec, { leaseTtlMs: at % 2 === 0 ? 60_000 : undefined }),
      ),
    );
    await clock.advance(30_000);
    await reopen();
    expect(registry.directory.size).toBe(specs.length);
    for (const system of before) {
      const lease = system.lease && { ttlMs: 60_000, expireTimeMs: clock.now() + 60_000, expired: false };
      expect(registry.directory.get(system.id)).toEqual({ ...system, lease });
    }
    expect(registry.directory.byType('t1')).toHaveLength(172);
  });

  test('a refused write changes nothing in memory, on disk or for watchers', async () => {
    const first = await registry.register(specFixture('a'), { leaseTtlMs: 5000 });
    const changes: string[] = [];
    registry.directory.onChange(({ kind }) => changes.push(kind));
    fault = diskFull;
    await expect(registry.register(specFixture('b'))).rejects.toEqual(reason('STORE_UNAVAILABLE'));
    await expect(registry.register(specFixture('a'))).rejects.toEqual(reason('STORE_UNAVAILABLE'));
    await expect(registry.update('a', { weight: 2 })).rejects.toEqual(reason('STORE_UNAVAILABLE'));
    await expect(registry.deregister('a')).rejects.toEqual(reason('STORE_UNAVAILABLE'));
    expect(registry.directory.get('a')).toBe(first);
    expect(registry.directory.size).toBe(1);
    expect(changes).toEqual([]);
    expect(registry.renewLeases([{ systemId: 'a', registrationId: first.registrationId }]).lost).toEqual([]);
    fault = undefined;
    await registry.register(specFixture('b'));
    expect(changes).toEqual(['added']);
  });

  test('a write that took effect although it failed is found by the next one', async () => {
    fault = async (commit) => {
      await commit();
      await diskFull();
    };
    await expect(registry.register(specFixture('a', { weight: 5 }))).rejects.toEqual(
      reason('STORE_UNAVAILABLE'),
    );
    expect(registry.directory.get('a')).toBeUndefined();
    fault = undefined;
    await expect(registry.register(specFixture('a'), { ifAbsent: true })).rejects.toEqual(
      reason('SYSTEM_EXISTS'),
    );
    expect(registry.directory.get('a')).toMatchObject({ weight: 5 });
  });

  test('a record that cannot be read is a start error that names its key', async () => {
    await registry.register(specFixture('a'));
    await store.close();
    // Written by something that does not know the registry's view.
    store = await openSqliteStore({ dataDir, clock });
    await (await store.table('systems')).commit([{ key: 'a', value: Buffer.from('{"v":99}') }]);
    await expect(openRegistry({ store, clock })).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('"a"') as string,
    });
  });
});

describe('leases', () => {
  test('renewals keep a system, each on its own, and write nothing', async () => {
    const leased = await registry.register(specFixture('leased'), { leaseTtlMs: 5000 });
    const forever = await registry.register(specFixture('forever'));
    const replaced = await registry.register(specFixture('replaced'), { leaseTtlMs: 5000 });
    await registry.register(specFixture('replaced'), { leaseTtlMs: 5000 });
    fault = diskFull;
    await clock.advance(4000);
    const { renewed, lost } = registry.renewLeases([
      { systemId: 'leased', registrationId: leased.registrationId },
      { systemId: 'forever', registrationId: forever.registrationId },
      { systemId: 'replaced', registrationId: replaced.registrationId },
      { systemId: 'nobody', registrationId: 'r' },
    ]);
    const lease = { ttlMs: 5000, expireTimeMs: clock.now() + 5000, expired: false };
    expect(renewed).toEqual([
      { systemId: 'leased', lease },
      { systemId: 'forever', lease: undefined },
    ]);
    expect(lost.map(({ systemId, reason: why }) => [systemId, why])).toEqual([
      ['replaced', 'LEASE_LOST'],
      ['nobody', 'SYSTEM_NOT_FOUND'],
    ]);
    expect(registry.directory.get('leased')).toEqual({ ...leased, lease });
    expect(registry.directory.byType('leased')[0]?.lease).toEqual(lease);
    await clock.advance(4000);
    expect(registry.directory.get('leased')?.lease?.expired).toBe(false);
  });

  test('a lease that runs out is told, cannot be renewed, and comes back by registering again', async () => {
    const system = await registry.register(specFixture('a'), { leaseTtlMs: 5000 });
    const changes: unknown[] = [];
    registry.directory.onChange((change) => changes.push([change.kind, change.system.lease?.expired]));
    await clock.advance(5000);
    expect(changes).toEqual([['changed', true]]);
    const renewal = { systemId: 'a', registrationId: system.registrationId };
    expect(registry.renewLeases([renewal]).lost).toMatchObject([{ reason: 'LEASE_LOST' }]);
    expect((await registry.update('a', { weight: 3 })).lease?.expired).toBe(true);
    expect((await registry.register(specFixture('a'), { leaseTtlMs: 5000 })).lease?.expired).toBe(false);
  });

  test('a lost system is removed durably 24 h later', async () => {
    await registry.register(specFixture('a'), { leaseTtlMs: 5000 });
    await registry.register(specFixture('b'));
    await clock.advance(5000 + lostKeepMs - 1);
    expect(registry.directory.size).toBe(2);
    await clock.advance(1);
    await expect.poll(() => registry.directory.size).toBe(1);
    await reopen();
    expect(idsOf(registry.directory.systems())).toEqual(['b']);
  });

  test('a removal that the store refuses is reported and tried again', async () => {
    const faults: unknown[] = [];
    await reopen({ onFault: (error) => faults.push(error) });
    await registry.register(specFixture('a'), { leaseTtlMs: 1000 });
    fault = diskFull;
    await clock.advance(1000 + lostKeepMs);
    await expect.poll(() => faults).toEqual([reason('STORE_UNAVAILABLE')]);
    expect(registry.directory.get('a')?.lease?.expired).toBe(true);
    fault = undefined;
    await clock.advance(60_000);
    await expect.poll(() => registry.directory.size).toBe(0);
  });

  test('a restarted hub grants every lease its full ttl, a lost one too', async () => {
    const a = await registry.register(specFixture('a'), { leaseTtlMs: 5000 });
    await clock.advance(5000);
    expect(registry.directory.get('a')?.lease?.expired).toBe(true);
    await reopen();
    expect(registry.directory.get('a')?.lease).toEqual({
      ttlMs: 5000,
      expireTimeMs: clock.now() + 5000,
      expired: false,
    });
    await clock.advance(4000);
    const { renewed } = registry.renewLeases([{ systemId: 'a', registrationId: a.registrationId }]);
    expect(renewed).toHaveLength(1);
  });
});

describe('list and summary', () => {
  const names = ['a', 'b', 'c'];
  const some = <T>(values: readonly T[]): fc.Arbitrary<T[]> =>
    fc.uniqueArray(fc.constantFrom(...values), { maxLength: 2 });
  const filter = fc.record({
    types: some(names),
    capabilities: some(names),
    protocols: some(['HTTP', 'GRPC'] as const),
    statuses: some(healthStatuses),
    labels: fc.dictionary(fc.constantFrom('k=', 'k', '%'), fc.constantFrom('=v', 'v')),
    zone: fc.constantFrom('', '', 'eu'),
    owner: fc.constantFrom('', '', '', 'ops'),
    idPrefix: fc.constantFrom('', '', 'x.', 'y.s1'),
    text: fc.constantFrom('', '', 'NAME', 's1', '_', '%'),
  });

  test('lists page by page exactly the systems that the filter matches', async () => {
    const statuses = new Map<string, HealthStatus>();
    await reopen({ statusOf: (id) => statuses.get(id) ?? 'UNKNOWN' });
    const systems = fc.sample(
      fc.record({
        type: fc.constantFrom(...names),
        capabilities: some(names),
        protocol: fc.constantFrom('HTTP' as const, 'GRPC' as const),
        labels: fc.dictionary(fc.constantFrom('k=', 'k', '%'), fc.constantFrom('=v', 'v')),
        zone: fc.constantFrom('', 'eu', 'us'),
        owner: fc.constantFrom('', 'ops', 'Ops'),
        name: fc.constantFrom('Name', 'Other_', '100 %'),
        status: fc.constantFrom(...healthStatuses),
      }),
      { numRuns: 60, seed: 7 },
    );
    await Promise.all(
      systems.map(async ({ protocol, status, ...parts }, at) => {
        const id = `${at % 2 === 0 ? 'x' : 'y'}.s${at}`;
        statuses.set(id, status);
        const spec = specFixture(id, parts);
        await registry.register({
          ...spec,
          interfaces: spec.interfaces.map((each) => ({ ...each, protocol })),
        });
      }),
    );
    await fc.assert(
      fc.asyncProperty(filter, fc.integer({ min: 1, max: 70 }), async (spec, limit) => {
        const systemFilter = createSystemFilter(spec);
        const found: string[] = [];
        for (let after: string | undefined; ;) {
          const page = await registry.list(systemFilter, { after, limit });
          found.push(...page.map(({ id }) => id));
          after = page.at(-1)?.id;
          if (page.length < limit) break;
        }
        const expected = [...registry.directory.systems()].filter((system) =>
          systemFilter.matches(system, statuses.get(system.id) ?? 'UNKNOWN'),
        );
        expect(found).toEqual(idsOf(expected));
      }),
      { numRuns: 60 },
    );
  });

  test('counts by type, capability, protocol, version and status', async () => {
    await reopen({ statusOf: (id) => (id === 'a' ? 'HEALTHY' : 'UNKNOWN') });
    await registry.register(specFixture('a', { type: 't', capabilities: ['fly', 'swim'] }));
    await registry.register(specFixture('b', { type: 't', capabilities: ['fly'], version: '2' }));
    const counts = Object.fromEntries(
      Object.entries(await registry.summary()).map(([name, value]: [string, unknown]) => [
        name,
        value instanceof Map ? Object.fromEntries(value as Map<string, number>) : value,
      ]),
    );
    expect(counts).toEqual({
      systems: 2,
      byType: { t: 2 },
      byCapability: { fly: 2, swim: 1 },
      byProtocol: { HTTP: 2 },
      byVersion: { '1.0.0': 1, '2': 1 },
      byStatus: { HEALTHY: 1, UNKNOWN: 1 },
    });
  });
});

describe('watching', () => {
  /** Everything a watcher hears, bookmarks left out. */
  function hear(filter: Parameters<Registry['directory']['watchable']>[0]): {
    log: string[];
    stop: () => void;
  } {
    const abort = new AbortController();
    const { feed, filter: feedFilter } = registry.directory.watchable(filter);
    const log: string[] = [];
    const show = (event: FeedEvent<System>): string =>
      event.kind === 'removed'
        ? `removed ${event.ids.join()}`
        : 'items' in event
          ? `${event.kind} ${event.items.map(({ id }) => id).join()}`
          : event.kind;
    void (async () => {
      for await (const event of feed.watch({ filter: feedFilter, signal: abort.signal })) {
        if (event.kind !== 'bookmark') log.push(show(event));
      }
    })();
    return { log, stop: () => abort.abort() };
  }

  test('shows what is there, then every change but no renewals', async () => {
    const a = await registry.register(specFixture('a'), { leaseTtlMs: 5000 });
    const { log, stop } = hear(all);
    await expect.poll(() => log).toEqual(['snapshot a']);
    await registry.register(specFixture('b'));
    await expect.poll(() => log.at(-1)).toBe('update b');
    registry.renewLeases([{ systemId: 'a', registrationId: a.registrationId }]);
    registry.directory.touch('b');
    await registry.deregister('b');
    await expect.poll(() => log.at(-1)).toBe('removed b');
    await clock.advance(5000);
    await expect.poll(() => log).toEqual(['snapshot a', 'update b', 'removed b', 'update a']);
    stop();
  });

  test('with a status filter follows changes of status that are touched', async () => {
    const statuses = new Map<string, HealthStatus>();
    await reopen({ statusOf: (id) => statuses.get(id) ?? 'UNKNOWN' });
    await registry.register(specFixture('a'));
    const { log, stop } = hear(createSystemFilter({ ...everySystem, statuses: ['HEALTHY'] }));
    await expect.poll(() => log).toEqual(['snapshot ']);
    statuses.set('a', 'HEALTHY');
    registry.directory.touch('a');
    await expect.poll(() => log.at(-1)).toBe('update a');
    statuses.set('a', 'UNHEALTHY');
    registry.directory.touch('a');
    registry.directory.touch('nobody');
    await expect.poll(() => log).toEqual(['snapshot ', 'update a', 'removed a']);
    stop();
  });

  test('listeners hear of a change before watchers are matched, so that a lost system has its new status', async () => {
    const statuses = new Map<string, HealthStatus>();
    await reopen({ statusOf: (id) => statuses.get(id) ?? 'UNKNOWN' });
    registry.directory.onChange(({ system }) => {
      statuses.set(system.id, system.lease?.expired === true ? 'DISCONNECTED' : 'UNKNOWN');
    });
    const { log, stop } = hear(createSystemFilter({ ...everySystem, statuses: ['DISCONNECTED'] }));
    await registry.register(specFixture('a'), { leaseTtlMs: 1000 });
    await clock.advance(1000);
    await expect.poll(() => log).toEqual(['snapshot ', 'update a']);
    stop();
  });
});
