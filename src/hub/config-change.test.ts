import { expect, test } from 'vitest';
import { configSchema } from './config-schema.ts';
import { configChanges, needsRestart } from './config-change.ts';

const config = (settings: object) => configSchema.parse(settings);

test('names every setting that differs, with what it was and what it is', () => {
  const before = config({ health: { interval: '30s' }, policies: [{ name: 'a' }] });
  const after = config({
    health: { interval: '10s' },
    policies: [{ name: 'b' }],
    secrets: { folder: '/run/secrets' },
  });
  expect(configChanges(before, after)).toEqual([
    { path: 'health.interval', from: 30_000, to: 10_000 },
    { path: 'secrets.folder', from: undefined, to: '/run/secrets' },
    { path: 'policies', from: before.policies, to: after.policies },
  ]);
});

test('finds nothing between equal configurations', () => {
  expect(configChanges(config({}), config({}))).toEqual([]);
});

test.each([
  [{ listen: '127.0.0.1:1' }, true],
  [{ data_dir: './elsewhere' }, true],
  [{ plugins: ['./mine.mjs'] }, true],
  [{ server: { allowed_hosts: ['hub.test'] } }, false],
  [{ registry: { max_systems: 1 } }, true],
  [{ registry: { max_systems: 5 } }, true],
  [{ policies: [{ name: 'a' }] }, false],
  [{ log: { level: 'debug' } }, false],
])('%j needs a restart: %s', (settings, restart) => {
  expect(configChanges(config({}), config(settings)).map(needsRestart)).toEqual([restart]);
});
