import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from './config.ts';

function fileWith(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'switchyard-config-')), 'hub.yaml');
  writeFileSync(path, text);
  return path;
}

function violationsOf(...args: Parameters<typeof loadConfig>): readonly string[] {
  try {
    loadConfig(...args);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).violations;
  }
  throw new Error('the configuration was accepted');
}

describe('settings', () => {
  test('have defaults for everything', () => {
    const { config, unknownVariables } = loadConfig({}, {});
    expect(config).toMatchObject({
      listen: '127.0.0.1:7700',
      data_dir: './data',
      health: { interval: 30_000 },
    });
    expect(unknownVariables).toEqual([]);
  });

  test('come from flags over environment over file', () => {
    const path = fileWith('listen: 127.0.0.1:1\ndata_dir: /from-file\nhealth: {interval: 5s, timeout: 1s}\n');
    const environment = {
      SWITCHYARD_DATA_DIR: '/from-env',
      SWITCHYARD_HEALTH_INTERVAL: '7s',
      SWITCHYARD_LISTEN: '127.0.0.1:2',
    };
    const { config } = loadConfig({ config: path, listen: '127.0.0.1:3' }, environment);
    expect(config.listen).toBe('127.0.0.1:3');
    expect(config.data_dir).toBe('/from-env');
    expect(config.health).toMatchObject({ interval: 7000, timeout: 1000 });
  });

  test('of every type can come from the environment', () => {
    const { config } = loadConfig(
      {},
      {
        SWITCHYARD_INSECURE: 'true',
        SWITCHYARD_SERVER_ALLOWED_HOSTS: 'hub.example, other.example',
        SWITCHYARD_SERVER_MAX_WATCHES: '12',
        SWITCHYARD_HEALTH_DEGRADED_ERROR_RATE: '0.25',
        SWITCHYARD_POLICIES: '[{name: reads, match: {kinds: [QUERY]}, retry: {attempts: 5}}]',
      },
    );
    expect(config.insecure).toBe(true);
    expect(config.server).toMatchObject({ allowed_hosts: ['hub.example', 'other.example'], max_watches: 12 });
    expect(config.health.degraded_error_rate).toBe(0.25);
    expect(config.policies).toMatchObject([{ name: 'reads', retry: { attempts: 5 } }]);
  });

  test('with an unknown variable are accepted, and the variable is named', () => {
    expect(loadConfig({}, { SWITCHYARD_PORT: 'tcp://10.0.0.1:7700' }).unknownVariables).toEqual([
      'SWITCHYARD_PORT',
    ]);
  });
});

describe('bad settings', () => {
  test('are all reported at once, each with its path, what was found and what is allowed', () => {
    const path = fileWith('listn: x\nhealth: {interval: 5, surprise: 1}\nlog: {level: loud}\nserver: 3\n');
    const violations = violationsOf({ config: path }, {});
    expect(violations).toHaveLength(5);
    expect(violations.join('\n')).toMatch(/listn: no such setting; allowed here are listen, data_dir/);
    expect(violations.join('\n')).toMatch(/health\.surprise: no such setting; allowed here are interval/);
    expect(violations.join('\n')).toMatch(
      /health\.interval: must be a duration such as .* from 1s to 1h; found 5/,
    );
    expect(violations.join('\n')).toMatch(/log\.level: must be one of debug, .*; found "loud"/);
    expect(violations.join('\n')).toMatch(/server: must be a map of settings; found 3/);
    for (const violation of violations) expect(violation).toContain(path);
  });

  test.each([
    [
      'a policy bound',
      'policies: [{name: a, retry: {attempts: 1000}}]',
      /policies\[0\]\.retry\.attempts: must be .* 1 to 100; found 1000/,
    ],
    [
      'two policies of one name',
      'policies: [{name: a}, {name: a}]',
      /policies\[1\]\.name: found a, which policies\[0\] has/,
    ],
    [
      'a breaker in a policy that matches messages',
      'policies: [{name: a, match: {kinds: [QUERY]}, breaker: {open_for: 1s}}]',
      /policies\[0\]\.breaker: .*targets alone/,
    ],
    [
      'an unknown message kind',
      'policies: [{name: a, match: {kinds: [NOPE]}}]',
      /policies\[0\]\.match\.kinds\[0\]/,
    ],
    ['a file that is no YAML', 'a: [1\nb: {', /is not valid YAML.*line 2/s],
    ['an alias to nothing', 'listen: *x', /cannot be used: Unresolved alias/],
    ['a ring of aliases', 'health: &a\n  interval: *a', /cannot be used: .*circular/],
    ['a file that holds a list', '- 1', /must hold a map of settings/],
    ['a port out of range', 'listen: 127.0.0.1:65536', /listen: must be HOST:PORT/],
  ])('%s is refused', (_name, text, expected) => {
    expect(violationsOf({ config: fileWith(text) }, {}).join('\n')).toMatch(expected);
  });

  test('from the environment name the variable', () => {
    expect(violationsOf({}, { SWITCHYARD_SERVER_MAX_WATCHES: 'many' })).toEqual([
      expect.stringMatching(/server\.max_watches: .*found "many" \(from SWITCHYARD_SERVER_MAX_WATCHES\)/),
    ]);
  });

  test('that are broken YAML in a variable are refused', () => {
    expect(violationsOf({}, { SWITCHYARD_POLICIES: '[{name: a' }).join()).toMatch(
      /SWITCHYARD_POLICIES is not valid YAML/,
    );
  });

  test('a missing file is named', () => {
    expect(violationsOf({ config: '/nowhere/hub.yaml' }, {})).toEqual([
      expect.stringContaining('cannot read /nowhere/hub.yaml'),
    ]);
  });
});

describe('the listen address', () => {
  test.each(['0.0.0.0:7700', '[::]:7700', 'hub.example:7700', '192.168.1.5:0'])(
    '%s is refused without --insecure, and accepted with it',
    (listen) => {
      expect(violationsOf({ listen }, {})).toEqual([expect.stringMatching(/--insecure \(from --listen\)$/)]);
      expect(loadConfig({ listen, insecure: true }, {}).config.listen).toBe(listen);
    },
  );

  test.each(['127.0.0.1:7700', '127.3.2.1:0', '[::1]:80', 'localhost:7700'])('%s is accepted', (listen) => {
    expect(loadConfig({ listen }, {}).config.listen).toBe(listen);
  });
});
