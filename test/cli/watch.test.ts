import { expect, test, vi } from 'vitest';
import { BreakerState } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { healthOf, startFakeHub } from './fake-hub.ts';
import type { FakeHub, HealthEvent } from './fake-hub.ts';
import { startCli } from './run-cli.ts';

const patience = { timeout: 15_000, interval: 20 };

const snapshot = (status: HealthStatus): HealthEvent => ({
  event: { case: 'snapshot', value: { items: [healthOf('cmc_001', status)], last: true } },
});
const update = (status: HealthStatus, cause: string): HealthEvent => ({
  event: { case: 'update', value: { items: [healthOf('cmc_001', status, cause)] } },
});

async function untilWatched(hub: FakeHub, times: number): Promise<void> {
  await vi.waitFor(() => expect(hub.healthTokens).toHaveLength(times), patience);
}

test('health --watch prints what is there, then every change with old and new status and cause', async () => {
  await using hub = await startFakeHub();
  const watch = startCli(['health', '--watch', '--hub', hub.url]);
  await untilWatched(hub, 1);
  hub.pushHealth(snapshot(HealthStatus.HEALTHY));
  hub.pushHealth(update(HealthStatus.HEALTHY, 'only the latency changed'));
  hub.pushHealth(update(HealthStatus.UNHEALTHY, 'connection refused'));
  hub.pushHealth({ event: { case: 'removed', value: { ids: ['cmc_001'] } } });
  await vi.waitFor(() => expect(watch.stdout()).toContain('removed'), patience);
  watch.stop();
  expect(await watch.ended).toMatchObject({ exitCode: 0, stderr: '' });
  expect(
    watch
      .stdout()
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/ {2,}/g, '  ').slice(10)),
  ).toEqual([
    'cmc_001  HEALTHY',
    'cmc_001  HEALTHY → UNHEALTHY  connection refused',
    'cmc_001/rest_api  HEALTHY → UNHEALTHY  connection refused',
    'cmc_001  removed',
  ]);
});

test('a watch says that the hub is lost, comes back with its token, and says that it continued', async () => {
  await using first = await startFakeHub();
  const watch = startCli(['health', '--watch', '--json', '--hub', first.url]);
  await untilWatched(first, 1);
  first.pushHealth(snapshot(HealthStatus.HEALTHY));
  first.pushHealth({ event: { case: 'bookmark', value: { resumeToken: 'token-7' } } });
  await vi.waitFor(() => expect(watch.stdout()).toContain('present'), patience);
  await first[Symbol.asyncDispose]();
  await vi.waitFor(() => expect(watch.stdout()).toContain('"lost"'), patience);
  await using second = await startFakeHub(first.port);
  await untilWatched(second, 1);
  expect(second.healthTokens).toEqual(['token-7']);
  second.pushHealth(update(HealthStatus.DEGRADED, 'slow'));
  await vi.waitFor(() => expect(watch.stdout()).toContain('slow'), patience);
  watch.stop('SIGTERM');
  expect((await watch.ended).exitCode).toBe(0);
  const events = watch
    .stdout()
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(events).toMatchObject([
    { event: 'present', health: { systemId: 'cmc_001', status: 'HEALTH_STATUS_HEALTHY' } },
    { event: 'lost' },
    { event: 'resumed', continued: true },
    { event: 'changed', previousStatus: 'HEALTHY', health: { status: 'HEALTH_STATUS_DEGRADED' } },
  ]);
});

test('breakers --watch prints changes of state', async () => {
  await using hub = await startFakeHub();
  const watch = startCli(['breakers', '--watch', '--hub', hub.url]);
  const breaker = (state: BreakerState, cause: string) => ({
    systemId: 'cmc_001',
    interface: 'grpc',
    state,
    cause,
  });
  await vi.waitFor(() => {
    // The hub has no record of breaker watchers: the snapshot is pushed until one has seen it.
    hub.pushBreakers({
      event: { case: 'snapshot', value: { items: [breaker(BreakerState.CLOSED, '')], last: true } },
    });
    expect(watch.stdout()).toContain('CLOSED');
  }, patience);
  hub.pushBreakers({
    event: { case: 'update', value: { items: [breaker(BreakerState.OPEN, '5 failures in a row')] } },
  });
  await vi.waitFor(
    () => expect(watch.stdout()).toMatch(/cmc_001\/grpc +CLOSED → OPEN {2}5 failures in a row\n/),
    patience,
  );
  watch.stop();
  expect((await watch.ended).exitCode).toBe(0);
});
