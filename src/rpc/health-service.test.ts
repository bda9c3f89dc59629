import { toBinary } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { HealthService, ListHealthResponseSchema } from '#gen/switchyard/health/v1/health_service_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { HubError } from '../base/error.ts';
import { createFakeClock } from '../base/fake-clock.ts';
import { seededRandom } from '../base/random.ts';
import type { ProbeResult } from '../base/transport.ts';
import { HealthMonitor } from '../health/monitor.ts';
import {
  callUnary,
  createContext,
  createTestRegistry,
  httpInterface,
  openWatch,
  shownEvent,
  violations,
} from './handler-call.fixture.ts';
import { checkedSystemsMax, createHealthService } from './health-service.ts';
import { pageBytesMax } from './page.ts';

const { checkHealth, getHealth, listHealth, watchHealth, getHealthSummary, reportHealth } =
  HealthService.method;

/** A value that no enum has, as a newer client could send it. */
const unknownNumber = 99 as never;

const well: ProbeResult = { alive: true, latencyMs: 12.5, detail: 'HTTP 200' };
const refused: ProbeResult = { alive: false, latencyMs: 1, detail: 'connection refused' };

function setUp() {
  const clock = createFakeClock();
  const registry = createTestRegistry(clock);
  const found = new Map<string, ProbeResult>();
  const probed: string[] = [];
  const monitor = new HealthMonitor({
    clock,
    random: seededRandom(1),
    directory: registry.forHealth,
    prober: async ({ systemId }) => {
      probed.push(systemId);
      return found.get(systemId) ?? well;
    },
    // Probes only when it is asked to: the first ones come within a second, which no test here lets pass by chance.
    intervalMs: 3_600_000,
  });
  const service = createHealthService({ monitor, directory: registry.directory });
  const ids = async (init: Parameters<typeof callUnary<typeof listHealth>>[2]): Promise<string[]> =>
    (await callUnary(service, listHealth, init)).health.map(({ systemId }) => systemId);
  const report = (systemId: string, status: HealthStatus) =>
    callUnary(service, reportHealth, { systemId, status });
  return { ...registry, clock, found, probed, monitor, service, ids, report };
}

describe('GetHealth', () => {
  test('shows all that is known', async () => {
    const { put, service, clock } = setUp();
    put('echo', { type: 'echoes' });
    await clock.advance(2000);
    const { health } = await callUnary(service, getHealth, { systemId: 'echo' });
    expect(health).toMatchObject({
      systemId: 'echo',
      type: 'echoes',
      status: HealthStatus.HEALTHY,
      errorRate: 0,
      cause: 'HTTP 200',
      interfaces: [
        { name: 'rest_api', status: HealthStatus.HEALTHY, consecutiveFailures: 0, cause: 'HTTP 200' },
      ],
    });
    const [rest] = health!.interfaces;
    for (const latency of [health!.latency, rest!.latency]) {
      expect(latency).toMatchObject({ seconds: 0n, nanos: 12_500_000 });
    }
    const checkedMs = timestampMs(health!.lastCheckTime!);
    expect(checkedMs).toBeGreaterThan(clock.now() - 2000);
    expect(timestampMs(health!.statusTime!)).toBe(checkedMs);
    expect(rest!.statusTime).toEqual(health!.statusTime);
  });

  test('leaves out what was never measured', async () => {
    const { put, service } = setUp();
    put('echo');
    const { health } = await callUnary(service, getHealth, { systemId: 'echo' });
    expect(health).toMatchObject({ status: HealthStatus.UNKNOWN, cause: 'not probed yet' });
    expect([health!.latency, health!.lastCheckTime, health!.interfaces[0]!.latency]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('of nobody is SYSTEM_NOT_FOUND', async () => {
    await expect(callUnary(setUp().service, getHealth, { systemId: 'nobody' })).rejects.toMatchObject({
      reason: 'SYSTEM_NOT_FOUND',
      metadata: { system_id: 'nobody' },
    });
  });
});

describe('ListHealth', () => {
  test('goes through all systems in order of their ids, page by page', async () => {
    const { put, service } = setUp();
    const all = ['a', 'a-b', 'a.b', 'a_b', 'b', 'c'];
    for (const id of [...all].reverse()) put(id);
    const seen: string[][] = [];
    let pageToken = '';
    do {
      const page = await callUnary(service, listHealth, { pageSize: 2, pageToken });
      seen.push(page.health.map(({ systemId }) => systemId));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(seen).toEqual([
      ['a', 'a-b'],
      ['a.b', 'a_b'],
      ['b', 'c'],
    ]);
  });

  test.each([
    [0, 100],
    [5, 5],
    [1000, 1000],
    [1_000_000, 1000],
  ])('page_size %i gives %i', async (pageSize, given) => {
    const { put, service } = setUp();
    for (let at = 0; at < 1001; at += 1) put(`s${at}`);
    const page = await callUnary(service, listHealth, { pageSize });
    expect(page.health).toHaveLength(given);
    expect(page.nextPageToken).not.toBe('');
  });

  test('goes on after a system that is gone meanwhile, and takes a new one in', async () => {
    const { put, service, directory, ids } = setUp();
    for (const id of ['a', 'b', 'c', 'd']) put(id);
    const { nextPageToken } = await callUnary(service, listHealth, { pageSize: 2 });
    directory.drop('b');
    put('bb');
    expect(await ids({ pageSize: 2, pageToken: nextPageToken })).toEqual(['bb', 'c']);
  });

  test('filters by what is registered and by status', async () => {
    const { put, ids, report } = setUp();
    put('a', { type: 'x', capabilities: ['pay'], labels: { team: 'red' }, zone: 'eu' });
    put('b', { type: 'x', labels: { team: 'blue' } });
    put('c.d', { name: 'The Ledger' });
    await report('b', HealthStatus.DEGRADED);
    const cases: [object, string[]][] = [
      [{}, ['a', 'b', 'c.d']],
      [{ types: ['x'] }, ['a', 'b']],
      [{ capabilities: ['pay'] }, ['a']],
      [{ protocols: [Protocol.GRPC] }, []],
      [{ labels: { team: 'blue' } }, ['b']],
      [{ zone: 'eu' }, ['a']],
      [{ idPrefix: 'c.' }, ['c.d']],
      [{ text: 'ledger' }, ['c.d']],
      [{ statuses: [HealthStatus.DEGRADED, HealthStatus.FAILED] }, ['b']],
      [{ statuses: [HealthStatus.UNSPECIFIED] }, ['a', 'b', 'c.d']],
    ];
    for (const [filter, wanted] of cases) expect(await ids({ filter })).toEqual(wanted);
  });

  test('takes a token of the same filter only, however it is spelled', async () => {
    const { put, service, ids } = setUp();
    for (const id of ['a', 'b', 'c']) put(id, { type: 'x' });
    const filter = { types: ['x', 'y'] };
    const { nextPageToken: pageToken } = await callUnary(service, listHealth, { filter, pageSize: 1 });
    expect(await ids({ filter: { types: ['y', 'x', 'y'] }, pageToken })).toEqual(['b', 'c']);
    for (const other of [
      { filter: { types: ['x'] }, pageToken },
      { pageToken },
      { filter, pageToken: 'nonsense' },
    ]) {
      await expect(callUnary(service, listHealth, other)).rejects.toMatchObject({ reason: 'BAD_CURSOR' });
    }
  });

  test('cuts a page before a client could not take it', async () => {
    const { put, service, monitor, found } = setUp();
    const interfaces = Array.from({ length: 16 }, (_, at) =>
      httpInterface(`interface_${at}`.padEnd(128, 'x'), `http://h${at}.test`),
    );
    for (let at = 0; at < 1000; at += 1) {
      const id = `s${String(at).padStart(4, '0')}`;
      put(id, { interfaces });
      found.set(id, { ...refused, detail: '€'.repeat(500) });
    }
    await monitor.check(monitor.ids(), new AbortController().signal);
    const seen: string[] = [];
    let pageToken = '';
    do {
      const page = await callUnary(service, listHealth, { pageSize: 1000, pageToken });
      expect(toBinary(ListHealthResponseSchema, page).length).toBeLessThan(pageBytesMax + 1024);
      seen.push(...page.health.map(({ systemId }) => systemId));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(new Set(seen).size).toBe(1000);
    expect(seen).toHaveLength(1000);
  });
});

describe('WatchHealth', () => {
  test('begins with what is there, then tells of changes and removals', async () => {
    const { put, service, directory, report } = setUp();
    put('a');
    put('b');
    const watch = openWatch(service, watchHealth);
    expect((await watch.toBookmark()).seen.map(shownEvent)).toEqual(['snapshot a,b last']);
    await report('b', HealthStatus.FAILED);
    put('c');
    expect((await watch.toBookmark()).seen.map(shownEvent)).toEqual(['update b,c']);
    directory.drop('a');
    expect((await watch.toBookmark()).seen.map(shownEvent)).toEqual(['removed a']);
  });

  test('shows the newest state', async () => {
    const { put, service, report } = setUp();
    put('a');
    const watch = openWatch(service, watchHealth);
    await watch.toBookmark();
    await report('a', HealthStatus.DEGRADED);
    await report('a', HealthStatus.FAILED);
    const { seen } = await watch.toBookmark();
    expect(seen).toMatchObject([{ case: 'update', value: { items: [{ status: HealthStatus.FAILED }] } }]);
  });

  test('tells when a system joins or leaves the filter, by status or by its record', async () => {
    const { put, service, report } = setUp();
    put('a', { labels: { team: 'red' } });
    put('b', { labels: { team: 'red' } });
    put('c');
    const filter = { labels: { team: 'red' }, statuses: [HealthStatus.UNKNOWN, HealthStatus.DEGRADED] };
    const watch = openWatch(service, watchHealth, { filter });
    expect((await watch.toBookmark()).seen.map(shownEvent)).toEqual(['snapshot a,b last']);
    await report('a', HealthStatus.FAILED);
    await report('c', HealthStatus.DEGRADED);
    put('b');
    expect((await watch.toBookmark()).seen.map(shownEvent)).toEqual(['removed a,b']);
    put('c', { labels: { team: 'red' } });
    expect((await watch.toBookmark()).seen.map(shownEvent)).toEqual(['update c']);
  });

  test('resumes with what changed since, under the same filter only', async () => {
    const { put, service, directory, report } = setUp();
    for (const id of ['a', 'b', 'c', 'd']) put(id, { type: 'x' });
    const filter = { types: ['x'] };
    const first = openWatch(service, watchHealth, { filter });
    const { token: resumeToken } = await first.toBookmark();
    first.abort.abort();
    await report('b', HealthStatus.DEGRADED);
    put('c', { type: 'y' });
    directory.drop('d');
    const resumed = await openWatch(service, watchHealth, { filter, resumeToken }).toBookmark();
    expect(resumed.seen.map(shownEvent)).toEqual(['update b', 'removed c,d']);
    for (const init of [
      { filter, resumeToken: 'unknown' },
      { filter: { types: ['y'] }, resumeToken },
    ]) {
      const { seen } = await openWatch(service, watchHealth, init).toBookmark();
      expect(seen.map(shownEvent)).toEqual(['reset', expect.stringMatching(/^snapshot .*last$/)]);
    }
    const idle = await openWatch(service, watchHealth, { filter, resumeToken: resumed.token }).toBookmark();
    expect(idle.seen).toEqual([]);
  });

  test('sends many large ones in pieces', async () => {
    const { put, service, monitor, found } = setUp();
    const interfaces = Array.from({ length: 16 }, (_, at) => httpInterface(`i${at}`, `http://h${at}.test`));
    for (let at = 0; at < 500; at += 1) {
      put(`s${at}`, { interfaces });
      found.set(`s${at}`, { ...refused, detail: '€'.repeat(500) });
    }
    await monitor.check(monitor.ids(), new AbortController().signal);
    const { seen } = await openWatch(service, watchHealth).toBookmark();
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.map((event) => event.case === 'snapshot' && event.value.last)).toEqual([
      ...seen.slice(1).map(() => false),
      true,
    ]);
    expect(seen.flatMap((event) => (event.case === 'snapshot' ? event.value.items : []))).toHaveLength(500);
  });

  test('ends quietly when the caller goes, with HUB_DRAINING when the hub does, and leaves no watcher', async () => {
    const { service, monitor } = setUp();
    const gone = openWatch(service, watchHealth);
    await gone.toBookmark();
    gone.abort.abort();
    expect((await gone.events.next()).done).toBe(true);
    const drained = openWatch(service, watchHealth);
    await drained.toBookmark();
    drained.abort.abort(new HubError({ reason: 'HUB_DRAINING', message: 'the hub is shutting down' }));
    await expect(drained.events.next()).rejects.toMatchObject({ reason: 'HUB_DRAINING' });
    expect(monitor.feed.watchers).toBe(0);
  });

  test('that is not read for a minute is cut', async () => {
    const { put, service, clock } = setUp();
    put('a');
    const watch = openWatch(service, watchHealth);
    await watch.next();
    await clock.advance(80_000);
    expect(watch.terminated.map(({ reason }) => reason)).toEqual(['SLOW_READER']);
  });
});

describe('CheckHealth', () => {
  test('probes one system now and says what was found', async () => {
    const { put, service, found, probed } = setUp();
    put('a');
    put('b');
    found.set('a', refused);
    const { health } = await callUnary(service, checkHealth, { systemId: 'a' });
    expect(probed).toEqual(['a']);
    expect(health).toMatchObject([
      { systemId: 'a', status: HealthStatus.UNKNOWN, interfaces: [{ consecutiveFailures: 1 }] },
    ]);
    expect(health[0]!.cause).toContain('connection refused');
  });

  test('counts as a probe: three failures make UNHEALTHY', async () => {
    const { put, service, found } = setUp();
    put('a');
    found.set('a', refused);
    const statuses: HealthStatus[] = [];
    for (let at = 0; at < 3; at += 1) {
      const { health } = await callUnary(service, checkHealth, { systemId: 'a' });
      statuses.push(health[0]!.status);
    }
    expect(statuses).toEqual([HealthStatus.UNKNOWN, HealthStatus.UNKNOWN, HealthStatus.UNHEALTHY]);
  });

  test('probes all that match a filter, and with an empty one all', async () => {
    const { put, service, probed } = setUp();
    put('b', { type: 'x' });
    put('a', { type: 'x' });
    put('c');
    const some = await callUnary(service, checkHealth, { filter: { types: ['x'] } });
    expect(some.health.map(({ systemId }) => systemId)).toEqual(['a', 'b']);
    expect([...probed].sort()).toEqual(['a', 'b']);
    const all = await callUnary(service, checkHealth, { filter: {} });
    expect(all.health.map(({ systemId }) => systemId)).toEqual(['a', 'b', 'c']);
  });

  test('returns systems without probes as they are', async () => {
    const { put, service, probed } = setUp();
    const rest = httpInterface('rest_api', 'http://a.test');
    put('a', { interfaces: [{ ...rest, healthCheck: { ...rest.healthCheck, kind: 'NONE' } }] });
    const { health } = await callUnary(service, checkHealth, { systemId: 'a' });
    expect(health).toMatchObject([
      { status: HealthStatus.UNKNOWN, cause: 'not probed: its health check is off' },
    ]);
    expect(probed).toEqual([]);
  });

  test(`takes ${checkedSystemsMax} systems and refuses one more before it probes any`, async () => {
    const { put, service, probed } = setUp();
    for (let at = 0; at < checkedSystemsMax; at += 1) put(`s${at}`);
    expect((await callUnary(service, checkHealth, { filter: {} })).health).toHaveLength(checkedSystemsMax);
    put('one-more');
    probed.length = 0;
    await expect(callUnary(service, checkHealth, { filter: {} })).rejects.toMatchObject({
      reason: 'INVALID_FIELD',
      metadata: { limit: '1000' },
      violations: [{ field: 'filter' }],
    });
    expect(probed).toEqual([]);
  });

  test('refuses an answer that a client could not take', async () => {
    const { put, service, found } = setUp();
    const interfaces = Array.from({ length: 16 }, (_, at) => httpInterface(`i${at}`, `http://h${at}.test`));
    for (let at = 0; at < 500; at += 1) {
      put(`s${at}`, { interfaces });
      found.set(`s${at}`, { ...refused, detail: '€'.repeat(500) });
    }
    await expect(callUnary(service, checkHealth, { filter: {} })).rejects.toMatchObject({
      reason: 'ANSWER_TOO_LARGE',
    });
  });

  test('of nobody is SYSTEM_NOT_FOUND', async () => {
    await expect(callUnary(setUp().service, checkHealth, { systemId: 'nobody' })).rejects.toMatchObject({
      reason: 'SYSTEM_NOT_FOUND',
    });
  });

  test('ends with the call', async () => {
    const { put, clock, forHealth, directory } = setUp();
    const monitor = new HealthMonitor({
      clock,
      random: seededRandom(1),
      directory: forHealth,
      prober: () => new Promise<never>(() => undefined),
    });
    const service = createHealthService({ monitor, directory });
    put('a');
    const { context, abort } = createContext();
    const call = callUnary(service, checkHealth, { systemId: 'a' }, context);
    abort.abort(new HubError({ reason: 'CANCELLED', message: 'the caller went away' }));
    await expect(call).rejects.toMatchObject({ reason: 'CANCELLED' });
    monitor.close();
  });
});

describe('GetHealthSummary', () => {
  test('counts by status, worst first, and names those that are not well', async () => {
    const { put, service, report } = setUp();
    for (const id of ['a', 'b', 'c', 'd']) put(id);
    put('e', { lease: { ttlMs: 1000, expireTimeMs: 0, expired: true } });
    await report('b', HealthStatus.FAILED);
    await report('c', HealthStatus.DEGRADED);
    await report('d', HealthStatus.HEALTHY);
    const { summary } = await callUnary(service, getHealthSummary);
    expect(summary).toMatchObject({
      systems: 5,
      byStatus: [
        { status: HealthStatus.DISCONNECTED, systems: 1 },
        { status: HealthStatus.FAILED, systems: 1 },
        { status: HealthStatus.DEGRADED, systems: 1 },
        { status: HealthStatus.UNKNOWN, systems: 1 },
        { status: HealthStatus.HEALTHY, systems: 1 },
      ],
    });
    expect(summary!.notWell.map(({ systemId }) => systemId)).toEqual(['e', 'b', 'c']);
  });

  test('of no systems is empty', async () => {
    const { summary } = await callUnary(setUp().service, getHealthSummary);
    expect(summary).toMatchObject({ systems: 0, byStatus: [], notWell: [] });
  });
});

describe('ReportHealth', () => {
  test('is seen at once and ends on time', async () => {
    const { put, service, clock } = setUp();
    put('a');
    await clock.advance(2000);
    const { health } = await callUnary(service, reportHealth, {
      systemId: 'a',
      status: HealthStatus.DEGRADED,
      cause: 'the cache is cold',
      validFor: { seconds: 10n },
    });
    expect(health).toMatchObject({
      status: HealthStatus.DEGRADED,
      cause: 'it reports DEGRADED: the cache is cold',
    });
    const status = async (): Promise<HealthStatus | undefined> =>
      (await callUnary(service, getHealth, { systemId: 'a' })).health?.status;
    await clock.advance(9999);
    expect(await status()).toBe(HealthStatus.DEGRADED);
    await clock.advance(1001);
    expect(await status()).toBe(HealthStatus.HEALTHY);
  });

  test('holds 5 minutes when it does not say', async () => {
    const { put, service, clock, report } = setUp();
    put('a');
    await report('a', HealthStatus.UNHEALTHY);
    await clock.advance(299_999);
    const get = async () => (await callUnary(service, getHealth, { systemId: 'a' })).health;
    expect((await get())?.status).toBe(HealthStatus.UNHEALTHY);
    await clock.advance(1001);
    expect((await get())?.status).toBe(HealthStatus.HEALTHY);
  });

  test('of an earlier incarnation is LEASE_LOST and changes nothing', async () => {
    const { put, service, monitor } = setUp();
    put('a', { registrationId: 'r2' });
    const init = { systemId: 'a', status: HealthStatus.FAILED };
    await expect(callUnary(service, reportHealth, { ...init, registrationId: 'r1' })).rejects.toMatchObject({
      reason: 'LEASE_LOST',
      metadata: { system_id: 'a', registration_id: 'r1' },
    });
    expect(monitor.statusOf('a')).toBe('UNKNOWN');
    await callUnary(service, reportHealth, { ...init, registrationId: 'r2' });
    expect(monitor.statusOf('a')).toBe('FAILED');
  });

  test('of FAILED holds until the system registers again', async () => {
    const { put, clock, monitor, report } = setUp();
    put('a');
    await report('a', HealthStatus.FAILED);
    await clock.advance(25 * 3_600_000);
    expect([monitor.statusOf('a'), monitor.routingStatusOf('a', 'rest_api')]).toEqual(['FAILED', 'FAILED']);
    put('a', { registrationId: 'r2' });
    expect(monitor.routingStatusOf('a', 'rest_api')).toBe('HEALTHY');
  });

  test('of nobody is SYSTEM_NOT_FOUND', async () => {
    await expect(setUp().report('nobody', HealthStatus.HEALTHY)).rejects.toMatchObject({
      reason: 'SYSTEM_NOT_FOUND',
    });
  });
});

describe('the rules', () => {
  const { service } = setUp();
  const fields = (found: readonly string[]): string[] => found.map((text) => text.split(': ')[0] ?? '');
  const reportable = 'must be one of HEALTH_STATUS_HEALTHY, HEALTH_STATUS_DEGRADED';

  test('CheckHealth wants one of system_id and filter', () => {
    expect(violations(service, checkHealth, {})).toEqual([
      'system_id: exactly one of system_id and filter must be set; an empty filter means all; found neither',
    ]);
    expect(violations(service, checkHealth, { systemId: 'a', filter: {} })).toEqual([
      'system_id: exactly one of system_id and filter must be set; an empty filter means all; found both',
    ]);
    expect(violations(service, checkHealth, { systemId: 'a' })).toEqual([]);
    expect(violations(service, checkHealth, { filter: {} })).toEqual([]);
  });

  test('CheckHealth reports that both are set and what is wrong with each, at once', () => {
    const found = violations(service, checkHealth, { systemId: 'Not A Slug', filter: { types: ['NO'] } });
    expect(fields(found).sort()).toEqual(['filter.types[0]', 'system_id', 'system_id']);
  });

  test('filters, sizes and tokens', () => {
    const bad = {
      filter: {
        types: ['ok', 'NO'],
        capabilities: Array.from({ length: 101 }, () => 'a'),
        protocols: [Protocol.UNSPECIFIED],
        statuses: [unknownNumber],
        zone: 'z'.repeat(65),
        idPrefix: '.',
        text: 'a\nb',
      },
      pageSize: -1,
      pageToken: 'a b',
    };
    expect(fields(violations(service, listHealth, bad)).sort()).toEqual([
      'filter.capabilities',
      'filter.id_prefix',
      'filter.protocols[0]',
      'filter.statuses[0]',
      'filter.text',
      'filter.types[1]',
      'filter.zone',
      'page_size',
      'page_token',
    ]);
    const token = { filter: { types: ['NO'] }, resumeToken: 'x'.repeat(1025) };
    expect(fields(violations(service, watchHealth, token))).toEqual(['filter.types[0]', 'resume_token']);
    expect(violations(service, listHealth, { pageSize: 2_000_000 })).toEqual([]);
    expect(violations(service, getHealthSummary, {})).toEqual([]);
  });

  test('GetHealth wants an id', () => {
    expect(fields(violations(service, getHealth, {}))).toEqual(['system_id']);
    expect(violations(service, getHealth, { systemId: 'a.b-c_1' })).toEqual([]);
  });

  test.each([HealthStatus.UNSPECIFIED, HealthStatus.UNKNOWN, HealthStatus.DISCONNECTED, unknownNumber])(
    'nobody can report %i, which is said once',
    (status) => {
      const found = violations(service, reportHealth, { systemId: 'a', status });
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(/^status: /);
      expect(found[0]).toContain(reportable);
    },
  );

  test('ReportHealth reports everything at once, and takes what stands at the limits', () => {
    const found = violations(service, reportHealth, {
      cause: 'ä'.repeat(501),
      validFor: { nanos: 999_000_000 },
      registrationId: 'ü',
    });
    expect(fields(found).sort()).toEqual(['cause', 'registration_id', 'status', 'system_id', 'valid_for']);
    for (const seconds of [1n, 86_400n]) {
      const init = {
        systemId: 'a',
        status: HealthStatus.FAILED,
        cause: 'ä'.repeat(500),
        validFor: { seconds },
      };
      expect(violations(service, reportHealth, init)).toEqual([]);
    }
    const tooLong = { systemId: 'a', status: HealthStatus.FAILED, validFor: { seconds: 86_401n } };
    expect(fields(violations(service, reportHealth, tooLong))).toEqual(['valid_for']);
  });
});
