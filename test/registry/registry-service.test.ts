import { create, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Direction, RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import type { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { HubError } from '../../src/base/error.ts';
import { createFakeClock, type FakeClock } from '../../src/base/fake-clock.ts';
import type { HealthStatus as Status } from '../../src/base/health-status.ts';
import type { Store } from '../../src/base/table.ts';
import { type Registry, openRegistry } from '../../src/registry/registry.ts';
import type { CallContext } from '../../src/rpc/call.ts';
import { createRegistryService } from '../../src/rpc/registry-service.ts';
import { violationsOf } from '../../src/rpc/validation.ts';
import { unchecked } from '../../src/security/principal.ts';
import { openSqliteStore } from '../../src/storage/sqlite/sqlite-store.ts';

type Methods = typeof RegistryService.method;
type Unary = Exclude<keyof Methods, 'watchSystems'>;
type SystemInit = MessageInitShape<typeof SystemSchema>;

let dataDir: string;
let clock: FakeClock;
let store: Store;
let registry: Registry;
let service: ReturnType<typeof createRegistryService>;
const statuses = new Map<string, Status>();

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'switchyard-registry-'));
  clock = createFakeClock();
  statuses.clear();
  store = await openSqliteStore({ dataDir, clock });
  registry = await openRegistry({ store, clock, statusOf: (id) => statuses.get(id) ?? 'UNKNOWN' });
  service = createRegistryService({
    registry,
    checkEndpoint: () => [],
    checkDescriptorSet: () => undefined,
    withDescriptorSets: (_sets, check) => check(),
  });
});
afterEach(async () => {
  await registry.close();
  await store.close();
  await rm(dataDir, { recursive: true });
});

function contextOf(signal: AbortSignal = new AbortController().signal): CallContext {
  return {
    principal: unchecked,
    deadlineMs: Infinity,
    signal,
    header: () => undefined,
    terminate: (error) => {
      throw error;
    },
  };
}

/** Calls a method as the edge does: through the rules, the handler, and the answer's own message. */
async function call<M extends Unary>(
  method: M,
  init: MessageInitShape<Methods[M]['input']>,
): Promise<MessageShape<Methods[M]['output']>> {
  const { input, output } = RegistryService.method[method];
  const request = create(input, init as never);
  expect(violationsOf(input, service.schemas[method], request)).toEqual([]);
  const handler = service.handlers[method] as (request: unknown, context: CallContext) => Promise<never>;
  return create(output, await handler(request, contextOf())) as unknown as MessageShape<Methods[M]['output']>;
}

function systemInit(id: string, parts: SystemInit = {}): SystemInit {
  return {
    id,
    type: 'ledger',
    name: `The ${id}`,
    version: '1.0.0',
    interfaces: [{ name: 'rest_api', uri: 'http://localhost:8001' }],
    ...parts,
  };
}
const needsSystem = (id: string): SystemInit => ({
  dependencies: [{ target: { target: { case: 'systemId', value: id } } }],
});
const idsOf = (systems: readonly { id: string }[]): string[] => systems.map(({ id }) => id);

describe('systems', () => {
  test('register, get, update, deregister', async () => {
    const { system, registrationId } = await call('registerSystem', {
      system: systemInit('a', {
        interfaces: [{ name: 'grpc', uri: 'localhost:8002' }],
        configuration: { x: [1] },
      }),
      leaseTtl: { seconds: 30n },
    });
    expect(registrationId).not.toBe('');
    expect(system).toMatchObject({
      id: 'a',
      weight: 1,
      interfaces: [{ name: 'grpc', protocol: Protocol.GRPC, uri: 'localhost:8002' }],
      configuration: { x: [1] },
      lease: { ttl: { seconds: 30n }, expired: false },
    });
    expect((await call('getSystem', { systemId: 'a' })).system).toEqual(system);

    const updated = await call('updateSystem', {
      system: { id: 'a', etag: system!.etag, zone: 'eu', name: 'ignored' },
      updateMask: { paths: ['zone', 'configuration'] },
    });
    expect(updated.system).toMatchObject({ zone: 'eu', name: 'The a' });
    expect(updated.system?.configuration).toBeUndefined();
    await expect(
      call('updateSystem', { system: { id: 'a', etag: system!.etag }, updateMask: { paths: ['zone'] } }),
    ).rejects.toMatchObject({ reason: 'ETAG_MISMATCH' });

    await expect(call('deregisterSystem', { systemId: 'a', registrationId: 'old' })).rejects.toMatchObject({
      reason: 'LEASE_LOST',
    });
    expect((await call('deregisterSystem', { systemId: 'a', registrationId })).system).toMatchObject({
      zone: 'eu',
    });
    await expect(call('getSystem', { systemId: 'a' })).rejects.toMatchObject({ reason: 'SYSTEM_NOT_FOUND' });
  });

  test('validate_only answers without a registration id and registers nothing', async () => {
    const answer = await call('registerSystem', { system: systemInit('a'), validateOnly: true });
    expect(answer).toMatchObject({ system: { id: 'a', etag: '' }, registrationId: '' });
    expect(registry.directory.size).toBe(0);
    await call('registerSystem', { system: systemInit('a') });
    await expect(call('registerSystem', { system: systemInit('a'), ifAbsent: true })).rejects.toMatchObject({
      reason: 'SYSTEM_EXISTS',
    });
  });

  test('leases are renewed each on its own, lost ones come back named', async () => {
    const { registrationId } = await call('registerSystem', {
      system: systemInit('a'),
      leaseTtl: { seconds: 10n },
    });
    await clock.advance(5000);
    const answer = await call('renewLeases', {
      renewals: [
        { systemId: 'a', registrationId },
        { systemId: 'a', registrationId: 'older' },
        { systemId: 'b', registrationId },
      ],
    });
    expect(answer.renewed).toMatchObject([{ systemId: 'a', lease: { ttl: { seconds: 10n } } }]);
    expect(Number(answer.renewed[0]!.lease!.expireTime!.seconds) * 1000).toBe(clock.now() + 10_000);
    expect(answer.lost).toMatchObject([
      { systemId: 'a', reason: 'LEASE_LOST' },
      { systemId: 'b', reason: 'SYSTEM_NOT_FOUND' },
    ]);
  });
});

describe('lists', () => {
  test('pages are complete, in order, and a token is good for its filter only', async () => {
    for (const at of [3, 1, 2, 5, 4]) {
      await call('registerSystem', { system: systemInit(`s${at}`, { type: at === 2 ? 'other' : 'ledger' }) });
    }
    const filter = { types: ['ledger'] };
    const first = await call('listSystems', { filter, pageSize: 3 });
    expect(idsOf(first.systems)).toEqual(['s1', 's3', 's4']);
    const second = await call('listSystems', { filter, pageSize: 3, pageToken: first.nextPageToken });
    expect(idsOf(second.systems)).toEqual(['s5']);
    expect(second.nextPageToken).toBe('');
    await expect(call('listSystems', { pageSize: 3, pageToken: first.nextPageToken })).rejects.toMatchObject({
      reason: 'BAD_CURSOR',
    });
    statuses.set('s4', 'FAILED');
    const failed = await call('listSystems', { filter: { statuses: [HealthStatus.FAILED] } });
    expect(idsOf(failed.systems)).toEqual(['s4']);
  });

  test('a page is cut at 3 MiB', async () => {
    const configuration = { text: 'x'.repeat(65_000) };
    await Promise.all(
      Array.from({ length: 60 }, async (_, at) =>
        call('registerSystem', { system: systemInit(`s${100 + at}`, { configuration }) }),
      ),
    );
    const first = await call('listSystems', {});
    expect(first.systems).toHaveLength(48);
    const second = await call('listSystems', { pageToken: first.nextPageToken });
    expect(idsOf([...first.systems, ...second.systems])).toHaveLength(60);
    expect(second.nextPageToken).toBe('');
  });

  test('capabilities come by name with their providers', async () => {
    await call('registerSystem', { system: systemInit('b', { capabilities: ['fly', 'swim.deep'] }) });
    await call('registerSystem', { system: systemInit('a', { capabilities: ['fly', 'swim'] }) });
    const first = await call('listCapabilities', { pageSize: 2 });
    expect(first.capabilities).toMatchObject([
      { name: 'fly', systemIds: ['a', 'b'] },
      { name: 'swim', systemIds: ['a'] },
    ]);
    const second = await call('listCapabilities', { pageSize: 2, pageToken: first.nextPageToken });
    expect(second).toMatchObject({ capabilities: [{ name: 'swim.deep' }], nextPageToken: '' });
    const swimming = await call('listCapabilities', { prefix: 'swim' });
    expect(swimming.capabilities).toHaveLength(2);
  });

  test('the summary counts', async () => {
    statuses.set('a', 'HEALTHY');
    await call('registerSystem', { system: systemInit('a', { capabilities: ['fly'] }) });
    await call('registerSystem', { system: systemInit('b', { interfaces: [{ name: 'g', uri: 'h:1' }] }) });
    expect((await call('getRegistrySummary', {})).summary).toMatchObject({
      systems: 2,
      byType: { ledger: 2 },
      byCapability: { fly: 1 },
      byProtocol: [
        { protocol: Protocol.HTTP, systems: 1 },
        { protocol: Protocol.GRPC, systems: 1 },
      ],
      byVersion: { '1.0.0': 2 },
      byStatus: { HEALTH_STATUS_HEALTHY: 1, HEALTH_STATUS_UNKNOWN: 1 },
    });
  });
});

describe('graph', () => {
  test('dependencies, dependents and impact, right again after a deregistration', async () => {
    await call('registerSystem', { system: systemInit('cmc', { capabilities: ['memory'] }) });
    await call('registerSystem', { system: systemInit('vif', needsSystem('cmc')) });
    await call('registerSystem', { system: systemInit('apoe', needsSystem('vif')) });
    const up = await call('getDependencies', { systemId: 'apoe', transitive: true });
    expect(idsOf(up.systems)).toEqual(['cmc', 'vif']);
    expect(up.edges).toHaveLength(2);
    const down = await call('getDependencies', {
      systemId: 'cmc',
      direction: Direction.DEPENDENTS,
      transitive: true,
    });
    expect(idsOf(down.systems)).toEqual(['vif', 'apoe']);
    const impact = await call('getImpact', { target: { target: { case: 'systemId', value: 'cmc' } } });
    expect(impact).toMatchObject({
      goneSystemIds: ['cmc'],
      impacted: [
        { systemId: 'vif', distance: 1, becauseSystemId: 'cmc', target: { target: { value: 'cmc' } } },
        { systemId: 'apoe', distance: 2, becauseSystemId: 'vif' },
      ],
      lostCapabilities: ['memory'],
    });
    await call('deregisterSystem', { systemId: 'cmc' });
    const after = await call('getDependencies', { systemId: 'apoe', transitive: true });
    expect(idsOf(after.systems)).toEqual(['vif']);
    expect(after.missing).toMatchObject([
      { systemId: 'vif', target: { target: { value: 'cmc' } }, optional: false },
    ]);
    await expect(call('getDependencies', { systemId: 'cmc' })).rejects.toMatchObject({
      reason: 'SYSTEM_NOT_FOUND',
    });
  });

  test('an answer that a client could not take is refused', async () => {
    await call('registerSystem', { system: systemInit('root') });
    await Promise.all(
      Array.from({ length: 60 }, async (_, at) =>
        call('registerSystem', {
          system: systemInit(`s${at}`, {
            ...needsSystem('root'),
            configuration: { text: 'x'.repeat(65_000) },
          }),
        }),
      ),
    );
    await expect(
      call('getDependencies', { systemId: 'root', direction: Direction.DEPENDENTS }),
    ).rejects.toMatchObject({ reason: 'ANSWER_TOO_LARGE' });
  });
});

describe('watchSystems', () => {
  function watch(init: MessageInitShape<Methods['watchSystems']['input']>, signal: AbortSignal) {
    const request = create(RegistryService.method.watchSystems.input, init);
    const responses = service.handlers.watchSystems(request, contextOf(signal));
    return responses[Symbol.asyncIterator]();
  }
  const next = async (events: ReturnType<typeof watch>) =>
    create(RegistryService.method.watchSystems.output, (await events.next()).value as never).event;

  test('streams a snapshot, changes and removals, and resumes from a bookmark', async () => {
    const abort = new AbortController();
    const { registrationId } = await call('registerSystem', {
      system: systemInit('a'),
      leaseTtl: { seconds: 30n },
    });
    await clock.advance(10_000);
    await call('renewLeases', { renewals: [{ systemId: 'a', registrationId }] });
    const events = watch({ filter: { types: ['ledger'] } }, abort.signal);
    const snapshot = await next(events);
    expect(snapshot).toMatchObject({ case: 'snapshot', value: { items: [{ id: 'a' }], last: true } });
    // The newest expiry, although renewals are not published.
    expect(
      snapshot.case === 'snapshot' && Number(snapshot.value.items[0]!.lease!.expireTime!.seconds) * 1000,
    ).toBe(clock.now() + 30_000);
    const bookmark = await next(events);
    expect(bookmark.case).toBe('bookmark');
    const updating = next(events);
    await call('registerSystem', { system: systemInit('b') });
    expect(await updating).toMatchObject({ case: 'update', value: { items: [{ id: 'b' }] } });
    expect((await next(events)).case).toBe('bookmark');
    const leaving = next(events);
    await call('updateSystem', { system: { id: 'b', type: 'other' }, updateMask: { paths: ['type'] } });
    expect(await leaving).toMatchObject({ case: 'removed', value: { ids: ['b'] } });
    await call('deregisterSystem', { systemId: 'a' });

    const resumeToken = bookmark.case === 'bookmark' ? bookmark.value.resumeToken : '';
    const resumed = watch({ filter: { types: ['ledger'] }, resumeToken }, abort.signal);
    const missed = await next(resumed);
    expect(missed.case === 'removed' && [...missed.value.ids].sort()).toEqual(['a', 'b']);
    abort.abort(new HubError({ reason: 'HUB_DRAINING', message: 'draining' }));
    await resumed.next();
    await expect(resumed.next()).rejects.toMatchObject({ reason: 'HUB_DRAINING' });
  });

  test('large snapshots come in messages that a client takes', async () => {
    const abort = new AbortController();
    await Promise.all(
      Array.from({ length: 60 }, async (_, at) =>
        call('registerSystem', {
          system: systemInit(`s${at}`, { configuration: { text: 'x'.repeat(65_000) } }),
        }),
      ),
    );
    const events = watch({}, abort.signal);
    const pieces = [await next(events), await next(events)];
    expect(
      pieces.map((piece) => piece.case === 'snapshot' && [piece.value.items.length, piece.value.last]),
    ).toEqual([
      [48, false],
      [12, true],
    ]);
    abort.abort();
  });
});
