import { expect, test } from 'vitest';
import { type LogFields, silentLogger } from '../telemetry/log.ts';
import { type Config, configSchema } from './config-schema.ts';
import { ConfigError } from './config.ts';
import { Reloader } from './reload.ts';

const config = (settings: object): Config => configSchema.parse(settings);

function setUp() {
  const logged: (readonly [string, LogFields | undefined])[] = [];
  const log = (message: string, fields?: LogFields) => logged.push([message, fields]);
  const state = { settings: {} as object | Error, applied: [] as string[] };
  const reloader = new Reloader({
    config: config({}),
    load: () => {
      if (state.settings instanceof Error) throw state.settings;
      return config(state.settings);
    },
    logger: { ...silentLogger, info: log, error: log },
  });
  reloader.onChange(({ health }) => state.applied.push(`health ${health.interval}`));
  return { reloader, logged, state };
}

test('new settings reach every part, and the log says what changed', async () => {
  const { reloader, logged, state } = setUp();
  state.settings = { health: { interval: '10s' } };
  await reloader.reload('SIGHUP');
  expect(state.applied).toEqual(['health 10000']);
  expect(reloader.current.health.interval).toBe(10_000);
  expect(logged).toEqual([
    ['configuration reloaded', { why: 'SIGHUP', changed: ['health.interval: 30000 -> 10000'] }],
  ]);
});

test('settings that cannot be read change nothing', async () => {
  const { reloader, logged, state } = setUp();
  state.settings = new ConfigError(['health.interval: must be a duration']);
  await reloader.reload('file');
  expect([state.applied, reloader.current.health.interval]).toEqual([[], 30_000]);
  expect(logged[0]?.[1]).toEqual({ why: 'file', problems: ['health.interval: must be a duration'] });
});

test('a part that refuses keeps every part as it was', async () => {
  const { reloader, logged, state } = setUp();
  reloader.add({ prepare: () => Promise.reject(new ConfigError(['catalogs: a.yaml:3:1 …'])) });
  state.settings = { health: { interval: '10s' } };
  await reloader.reload('file');
  expect([state.applied, reloader.current.health.interval]).toEqual([[], 30_000]);
  expect(logged[0]?.[0]).toContain('the hub goes on with what it had');
});

test('a setting that needs a restart is refused, and with it everything else', async () => {
  const { reloader, logged, state } = setUp();
  state.settings = { listen: '127.0.0.1:1', health: { interval: '10s' } };
  await reloader.reload('file');
  expect(state.applied).toEqual([]);
  expect(JSON.stringify(logged)).toContain('until a restart');
});

test('reloads that are asked for while another runs are one, which sees what changed since', async () => {
  const { reloader, state } = setUp();
  reloader.add({
    prepare: async () => {
      if (state.settings instanceof Error || 'health' in state.settings) return () => undefined;
      // Settings change while the first reload runs.
      state.settings = { health: { interval: '20s' } };
      for (let signals = 0; signals < 100; signals += 1) void reloader.reload('SIGHUP');
      return () => undefined;
    },
  });
  await reloader.reload('SIGHUP');
  await reloader.reload('SIGHUP');
  expect(state.applied).toEqual(['health 30000', 'health 20000']);
});

test('parts see the settings that are considered, and after a refusal those in force', async () => {
  const { reloader, state } = setUp();
  const seen: number[] = [];
  reloader.add({
    prepare: async () => {
      seen.push(reloader.considered.health.interval);
      throw new ConfigError(['catalogs: …']);
    },
  });
  state.settings = { health: { interval: '10s' } };
  await reloader.reload('file');
  expect([...seen, reloader.considered.health.interval]).toEqual([10_000, 30_000]);
});

test('reloads run one after the other', async () => {
  const { reloader, state } = setUp();
  let running = 0;
  let most = 0;
  reloader.add({
    prepare: async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      return () => undefined;
    },
  });
  const first = reloader.reload('a');
  await Promise.resolve();
  await Promise.all([first, reloader.reload('b')]);
  expect([most, state.applied.length]).toEqual([1, 2]);
});
