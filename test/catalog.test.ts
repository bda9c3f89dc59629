import { create, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { file_health_v1_health } from '#gen/standard/health/v1/health_pb.js';
import {
  CatalogChange_Action as Action,
  CatalogChange_Resource as Resource,
  type CatalogPlan,
  type CatalogSchema,
} from '#gen/switchyard/registry/v1/catalog_pb.js';
import { HealthCheck_Kind, type SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { startFaultyTarget } from './faulty-target.ts';
import { startHttpTarget } from './http-target.ts';
import { createHubClients, jsonValue, refusalOf } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';

type CatalogInit = MessageInitShape<typeof CatalogSchema>;
type SystemInit = MessageInitShape<typeof SystemSchema>;

let hub: HubProcess;
let folder: string;
let clients: ReturnType<typeof createHubClients>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-catalog-'));
  const config = join(folder, 'hub.yaml');
  await writeFile(config, 'policies: [{ name: house, timeout: 20s }]\n');
  hub = await startHub({ args: ['--config', config] });
  clients = createHubClients(hub.url);
});
afterAll(async () => {
  await hub.dispose();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const { name } of (await clients.registry.listCatalogs({})).catalogs) {
    await clients.registry.applyCatalog({ catalog: { name }, prune: true });
  }
  for (const { id } of (await clients.registry.listSystems({})).systems) {
    await clients.registry.deregisterSystem({ systemId: id });
  }
});

const system = (id: string, parts: SystemInit = {}): SystemInit => ({
  id,
  type: 'shop',
  name: `The ${id}`,
  version: '1.0.0',
  interfaces: [{ name: 'main', uri: 'http://127.0.0.1:9', healthCheck: { kind: HealthCheck_Kind.NONE } }],
  ...parts,
});

/** A plan as lines: `UPDATE SYSTEM a: labels; interfaces (registration)`. */
function linesOf(plan: CatalogPlan | undefined): string[] {
  return (plan?.changes ?? []).map(({ action, resource, id, fields, conflicts }) =>
    [
      `${Action[action]} ${Resource[resource]} ${id}`,
      ...fields,
      ...conflicts.map(({ field, owner }) => `${field}(${owner})`),
    ].join(' '),
  );
}

async function apply(
  catalog: CatalogInit,
  options: { prune?: boolean; validateOnly?: boolean } = {},
): Promise<string[]> {
  return linesOf((await clients.registry.applyCatalog({ catalog: catalog as never, ...options })).plan);
}

async function restart(end: 'stop' | 'kill'): Promise<void> {
  await hub[end]();
  await hub.restart();
  clients = createHubClients(hub.url);
}

const healthTypes = toBinary(
  FileDescriptorSetSchema,
  create(FileDescriptorSetSchema, { file: [file_health_v1_health.proto] }),
);
/** A gRPC system whose route names a method that only a descriptor set can vouch for. */
const grpcSystem = (method: string): SystemInit =>
  system('g', {
    interfaces: [
      {
        name: 'grpc',
        uri: 'grpc://127.0.0.1:9',
        settings: { descriptor_set: 'health' },
        healthCheck: { kind: HealthCheck_Kind.NONE },
        routes: [{ messageType: 'check', operation: { method } }],
      },
    ],
  });

describe('ApplyCatalog', () => {
  const shop: CatalogInit = {
    name: 'shop',
    systems: [system('a', { labels: { team: 'x' }, weight: 3, owner: 'ops' }), system('b')],
    policies: [{ name: 'patient', match: { types: ['shop'] }, timeout: { seconds: 5n } }],
    descriptorSets: [{ name: 'health', data: healthTypes }],
  };

  test('creates, leaves alone, changes and prunes, over a restart', async () => {
    expect(await apply(shop, { validateOnly: true })).toEqual(await apply(shop));
    expect(await apply(shop)).toEqual([
      'UNCHANGED SYSTEM a',
      'UNCHANGED SYSTEM b',
      'UNCHANGED POLICY patient',
      'UNCHANGED DESCRIPTOR_SET health',
    ]);
    const { catalogs } = await clients.registry.listCatalogs({});
    expect(catalogs).toMatchObject([{ name: 'shop', systems: 2, policies: 1, descriptorSets: 1 }]);
    const { system: kept } = await clients.registry.getSystem({ systemId: 'a' });
    expect(kept).toMatchObject({ labels: { team: 'x' }, weight: 3, owner: 'ops' });
    expect(kept?.lease).toBeUndefined();
    expect((await clients.registry.listSystems({ filter: { owner: 'ops' } })).systems).toHaveLength(1);

    await restart('stop');
    expect((await clients.registry.listCatalogs({})).catalogs).toEqual(catalogs);
    const changed: CatalogInit = {
      name: 'shop',
      systems: [system('a', { labels: { team: 'y' }, weight: 3, owner: 'ops' })],
      policies: [{ name: 'patient', match: { types: ['shop'] }, timeout: { seconds: 6n } }],
    };
    expect(await apply(changed, { prune: true })).toEqual([
      'UPDATE SYSTEM a labels',
      'UPDATE POLICY patient timeout',
      'DELETE SYSTEM b',
      'DELETE DESCRIPTOR_SET health',
    ]);
    expect((await clients.registry.listSystems({})).systems.map(({ id }) => id)).toEqual(['a']);
  });

  test('says everything that is wrong at once, by its place in the catalog, and changes nothing', async () => {
    const refusal = await refusalOf(
      clients.registry.applyCatalog({
        catalog: {
          name: 'Bad Name',
          systems: [
            system('a'),
            system('a'),
            system('c', {
              interfaces: [
                {
                  name: 'main',
                  uri: 'http://127.0.0.1:9',
                  routes: [
                    { messageType: 'x', operation: { method: 'GET', path: '/x' } },
                    { messageType: 'y', operation: { method: 'GET', path: 7 } },
                  ],
                },
              ],
            }),
          ] as never,
          policies: [{ name: 'p', retry: { attempts: 1000 } }, { name: 'p' }],
          descriptorSets: [{ name: 'broken', data: new Uint8Array([1, 2, 3]) }, { name: 'none' }],
        },
      }),
    );
    expect(refusal).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD' });
    expect(refusal.fields).toEqual([
      'catalog.name',
      'catalog.systems[1]',
      'catalog.systems[2].interfaces[0].routes[1].operation.path',
      'catalog.policies[0].retry.attempts',
      'catalog.policies[1]',
      'catalog.descriptor_sets[0].data',
      'catalog.descriptor_sets[1].data',
    ]);
    expect((await clients.registry.listSystems({})).systems).toEqual([]);
    expect(await refusalOf(clients.registry.applyCatalog({}))).toMatchObject({ fields: ['catalog'] });
  });

  test('checks routes against the descriptor sets of the same request, and those that stay', async () => {
    const withSet = (method: string, name = 'health'): CatalogInit => ({
      name: 'types',
      systems: [grpcSystem(method)],
      descriptorSets: [{ name, data: healthTypes }],
    });
    const method = 'grpc.health.v1.Health/Check';
    const refused = async (catalog: CatalogInit, options: { prune?: boolean } = {}): Promise<string[]> => {
      const request = { catalog: catalog as never, validateOnly: true, ...options };
      return [...(await refusalOf(clients.registry.applyCatalog(request))).fields];
    };
    const path = 'catalog.systems[0].interfaces[0]';
    expect(await refused(withSet(method, 'other'))).toEqual([`${path}.settings.descriptor_set`]);
    expect(await refused(withSet('grpc.health.v1.Health/Cheque'))).toEqual([
      `${path}.routes[0].operation.method`,
    ]);
    expect(await apply(withSet(method))).toHaveLength(2);
    // The set is there now, for other catalogs and registrations too.
    const alone: CatalogInit = { name: 'types', systems: [grpcSystem(method)] };
    await clients.registry.registerSystem({ system: { ...grpcSystem(method), id: 'h' }, validateOnly: true });
    expect(await apply(alone)).toEqual(['UNCHANGED SYSTEM g']);
    // With prune it would go, and leave the system without it.
    expect(await refused(alone, { prune: true })).toEqual([`${path}.settings.descriptor_set`]);
  });

  test('takes 2,000 systems in one request, and a watcher sees them all', async () => {
    const systems = Array.from({ length: 2000 }, (_, at) =>
      system(`many-${at}`, { labels: { n: String(at) } }),
    );
    expect(await apply({ name: 'many', systems })).toHaveLength(2000);
    const watch = new AbortController();
    let seen = 0;
    for await (const { event } of clients.registry.watchSystems({}, { signal: watch.signal })) {
      if (event.case !== 'snapshot') continue;
      seen += event.value.items.length;
      if (event.value.last) break;
    }
    watch.abort();
    expect(seen).toBe(2000);
  });
});

describe('a catalog and a process of the same system', () => {
  const says: CatalogInit = {
    name: 'shop',
    systems: [system('a', { labels: { team: 'x' }, weight: 7, version: '1.0.0' })],
  };
  const own = {
    ...system('a', { version: '2.0.0', labels: { own: 'y' } }),
    interfaces: [{ name: 'main', uri: 'http://127.0.0.1:10', healthCheck: { kind: HealthCheck_Kind.NONE } }],
  };

  for (const order of ['catalog first', 'process first'] as const) {
    test(`${order}: the process owns what it knows of itself, the catalog labels and weight`, async () => {
      if (order === 'catalog first') await apply(says);
      const { registrationId } = await clients.registry.registerSystem({
        system: own as never,
        leaseTtl: { seconds: 60n },
      });
      const conflicts = 'version(registration) interfaces(registration)';
      expect(await apply(says)).toEqual([
        order === 'catalog first'
          ? `UNCHANGED SYSTEM a ${conflicts}`
          : `UPDATE SYSTEM a labels weight ${conflicts}`,
      ]);
      const kept = async () => (await clients.registry.getSystem({ systemId: 'a' })).system;
      expect(await kept()).toMatchObject({
        version: '2.0.0',
        labels: { team: 'x' },
        weight: 7,
        interfaces: [{ uri: 'http://127.0.0.1:10' }],
      });
      const { renewed } = await clients.registry.renewLeases({
        renewals: [{ systemId: 'a', registrationId }],
      });
      expect(renewed).toHaveLength(1);
      // What it registered goes with it; the catalog's system stays.
      await clients.registry.deregisterSystem({ systemId: 'a', registrationId });
      expect(await kept()).toMatchObject({ version: '1.0.0', interfaces: [{ uri: 'http://127.0.0.1:9' }] });
      expect(await kept()).not.toHaveProperty('lease.ttl');
    });
  }

  test('ListVersions knows them all, and those of a system that is gone', async () => {
    await apply({ name: 'shop', systems: [system('v')] });
    await clients.registry.registerSystem({ system: system('v', { version: '2.0.0' }) as never });
    await clients.registry.updateSystem({
      system: { id: 'v', version: '2.1.0' },
      updateMask: { paths: ['version'] },
    });
    const versions = async (): Promise<string[]> =>
      (await clients.registry.listVersions({ systemId: 'v' })).versions.map(
        ({ version, current }) => version + (current ? '*' : ''),
      );
    expect(await versions()).toEqual(['2.1.0*', '2.0.0', '1.0.0']);
    await clients.registry.deregisterSystem({ systemId: 'v' });
    expect(await versions()).toEqual(['1.0.0*', '2.1.0', '2.0.0', '1.0.0']);
    await apply({ name: 'shop' }, { prune: true });
    await restart('stop');
    expect(await versions()).toEqual(['1.0.0', '2.1.0', '2.0.0', '1.0.0']);
    expect(await refusalOf(clients.registry.listVersions({ systemId: 'never' }))).toMatchObject({
      reason: 'SYSTEM_NOT_FOUND',
    });
  });

  test('UpdateSystem changes labels, configuration and owner by whole fields, until the catalog is applied again', async () => {
    await apply(says);
    const { system: updated } = await clients.registry.updateSystem({
      system: { id: 'a', labels: { team: 'z' }, configuration: { level: 2 }, owner: 'ops', weight: 9 },
      updateMask: { paths: ['labels', 'configuration', 'owner'] },
    });
    expect(updated).toMatchObject({
      labels: { team: 'z' },
      configuration: { level: 2 },
      owner: 'ops',
      weight: 7,
    });
    const filtered = await clients.registry.listSystems({ filter: { labels: { team: 'z' }, owner: 'ops' } });
    expect(filtered.systems.map(({ id }) => id)).toEqual(['a']);
    const part = { system: { id: 'a' }, updateMask: { paths: ['labels.team'] } };
    expect(await refusalOf(clients.registry.updateSystem(part))).toMatchObject({
      fields: ['update_mask'],
      message: expect.stringContaining('whole fields') as string,
    });
    expect(await apply(says)).toEqual(['UPDATE SYSTEM a configuration labels owner']);
  });

  test('GetCompatibility compares two of them', async () => {
    await apply({
      name: 'shop',
      systems: [system('a', { capabilities: ['sell'] }), system('b', { version: '2.0.0', type: 'other' })],
    });
    const request = { systemId: 'a', candidateId: 'b' };
    const { compatibility } = await clients.registry.getCompatibility(request);
    expect(compatibility).toMatchObject({ compatible: false, sharedMessageTypes: ['*'] });
    expect(compatibility?.differences.map(({ field }) => field)).toEqual(['type', 'capabilities', 'version']);
    expect(
      await refusalOf(clients.registry.getCompatibility({ systemId: 'a', candidateId: 'z' })),
    ).toMatchObject({
      reason: 'SYSTEM_NOT_FOUND',
    });
  });
});

/** Sends a message to the system `a`. */
function send() {
  return clients.messaging.sendMessage({
    message: {
      type: 'buy',
      target: { target: { case: 'systemId', value: 'a' } },
      payload: { case: 'json', value: jsonValue({ of: 'bread' }) },
    },
  });
}

describe('policies', () => {
  test('of configuration and catalogs are listed with their origin; the configuration keeps its names', async () => {
    const lines = await apply({
      name: 'shop',
      policies: [
        { name: 'house', timeout: { seconds: 1n } },
        { name: 'mine', panic: false },
      ],
    });
    expect(lines).toEqual(['UNCHANGED POLICY house (configuration)', 'CREATE POLICY mine']);
    const first = await clients.resilience.listPolicies({ pageSize: 1 });
    const second = await clients.resilience.listPolicies({ pageSize: 1, pageToken: first.nextPageToken });
    expect([...first.policies, ...second.policies]).toMatchObject([
      { name: 'house', origin: 'configuration', timeout: { seconds: 20n } },
      { name: 'mine', origin: 'catalog:shop', panic: false },
    ]);
    expect(second.nextPageToken).toBe('');
    expect((await clients.resilience.getPolicy({ name: 'mine' })).policy).toMatchObject({ panic: false });
    expect(await refusalOf(clients.resilience.getPolicy({ name: 'nobodys' }))).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'POLICY_NOT_FOUND',
    });
  });

  test('act on the next message', async () => {
    await using target = await startHttpTarget();
    const catalog = (seconds: bigint): CatalogInit => ({
      name: 'shop',
      systems: [
        system('a', {
          interfaces: [{ name: 'main', uri: target.uri, healthCheck: { kind: HealthCheck_Kind.NONE } }],
        }),
      ],
      policies: [{ name: 'shop.time', match: { systemIds: ['a'] }, timeout: { seconds } }],
    });
    const policiesOf = async (): Promise<string | undefined> => (await send()).delivery?.policies.join();
    await apply(catalog(5n));
    expect(await policiesOf()).toBe('shop.time,house');
    await apply({ name: 'shop', systems: catalog(5n).systems ?? [] }, { prune: true });
    expect(await policiesOf()).toBe('house');
  });

  test('change the breakers that are there', async () => {
    await using target = await startFaultyTarget('http', { behaviour: 'fail' });
    const catalog = (consecutiveFailures: number): CatalogInit => ({
      name: 'shop',
      systems: [
        system('a', {
          interfaces: [{ name: 'main', uri: target.uri, healthCheck: { kind: HealthCheck_Kind.NONE } }],
        }),
      ],
      policies: [
        {
          name: 'fragile',
          match: { systemIds: ['a'] },
          retry: { attempts: 1 },
          breaker: { consecutiveFailures, failureRate: 0 },
        },
      ],
    });
    const stateAfter = async (messages: number): Promise<string | undefined> => {
      for (let at = 0; at < messages; at += 1) await refusalOf(send());
      const { breakers } = await clients.resilience.listBreakers({ systemId: 'a' });
      return breakers.map(({ state }) => BreakerState[state]).join();
    };
    await apply(catalog(0));
    expect(await stateAfter(6)).toBe('CLOSED');
    expect(await apply(catalog(1))).toEqual(['UNCHANGED SYSTEM a', 'UPDATE POLICY fragile breaker']);
    expect(await stateAfter(1)).toBe('OPEN');
  });
});

describe('kill -9 in the middle of applying', () => {
  const size = 60;
  /** Everything carries its generation. */
  const generation = (n: number): CatalogInit => ({
    name: 'whole',
    systems: Array.from({ length: size }, (_, at) =>
      system(`w-${at % 2 === 0 ? at : `${at}-${n}`}`, { labels: { generation: String(n) } }),
    ),
    policies: [{ name: 'whole', timeout: { seconds: BigInt(n) } }],
    descriptorSets: [{ name: `set-${n}`, data: healthTypes }],
  });

  test('leaves everything of one application, or of the one before', async () => {
    let n = 1;
    await apply(generation(n), { prune: true });
    for (let round = 0; round < 4; round += 1) {
      const acknowledged = n;
      const ended = new AbortController();
      const applying = (async () => {
        while (!ended.signal.aborted) {
          await apply(generation(n + 1), { prune: true });
          n += 1;
        }
        // The hub is gone in the middle of one.
      })().catch(() => undefined);
      await expect.poll(() => n).toBeGreaterThan(acknowledged + round);
      const reached = n;
      const killed = hub.kill();
      ended.abort();
      await Promise.all([killed, applying]);
      await restart('kill');

      const { systems } = await clients.registry.listSystems({ pageSize: 1000 });
      const generations = new Set(systems.map(({ labels }) => labels['generation']));
      expect(systems).toHaveLength(size);
      expect(generations.size).toBe(1);
      const seen = Number([...generations][0]);
      // What was acknowledged is there; what was in flight may be.
      expect(seen).toBeGreaterThanOrEqual(reached);
      expect(seen).toBeLessThanOrEqual(n + 1);
      const { policy } = await clients.resilience.getPolicy({ name: 'whole' });
      expect(policy?.timeout?.seconds).toBe(BigInt(seen));
      const again = await apply(generation(seen), { prune: true });
      expect(again.filter((line) => !line.startsWith('UNCHANGED'))).toEqual([]);
      n = seen;
    }
  });
});
