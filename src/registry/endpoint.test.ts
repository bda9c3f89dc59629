import { describe, expect, test } from 'vitest';
import type { HealthCheck, SettingViolation } from '../base/transport.ts';
import { checkInterface, type DeclaredInterface, endpointsOf } from './endpoint.ts';
import { systemFixture } from './system.fixture.ts';

const auto: HealthCheck = { kind: 'AUTO', path: '', service: '' };

function check(
  declared: Partial<DeclaredInterface>,
  found: readonly SettingViolation[] = [],
): readonly string[] {
  return checkInterface(
    { protocol: undefined, uri: 'http://host', settings: {}, healthCheck: auto, routes: [], ...declared },
    { checkEndpoint: () => found },
  ).map(({ path, message }) => `${path} ${message}`);
}

describe('checkInterface', () => {
  test('finds nothing wrong with a plain interface', () => {
    expect(check({})).toEqual([]);
    expect(check({ protocol: 'GRPC', uri: 'host:1', healthCheck: { ...auto, service: 'ledger' } })).toEqual(
      [],
    );
    expect(check({ healthCheck: { ...auto, path: '/ready?full=1' } })).toEqual([]);
  });

  test('names the schemes that go with the protocol when the URI speaks another', () => {
    expect(check({ protocol: 'GRPC' })).toEqual([
      expect.stringMatching(/^protocol is GRPC, but the URI speaks HTTP.*grpc:\/\/ or grpcs:\/\//),
    ]);
  });

  test('asks the transport with the canonical URI and passes on what it finds', () => {
    const asked: unknown[] = [];
    const found = checkInterface(
      { protocol: undefined, uri: 'HOST:1', settings: { a: 1 }, healthCheck: auto, routes: [] },
      {
        checkEndpoint: (...args) => {
          asked.push(args);
          return [{ path: 'settings.a', message: 'is unknown' }];
        },
      },
    );
    expect(asked).toEqual([['GRPC', { uri: 'grpc://host:1', settings: { a: 1 }, routes: [] }]]);
    expect(found).toEqual([{ path: 'settings.a', message: 'is unknown' }]);
  });

  test.each<[string, Partial<HealthCheck>, string]>([
    ['http://h', { kind: 'GRPC' }, 'health_check.kind'],
    ['h:1', { kind: 'HTTP' }, 'health_check.kind'],
    ['h:1', { path: '/health' }, 'health_check.path'],
    ['http://h', { kind: 'TCP', path: '/health' }, 'health_check.path'],
    ['http://h', { path: 'health' }, 'health_check.path'],
    ['http://h', { path: '/a b' }, 'health_check.path'],
    ['http://h', { service: 'ledger' }, 'health_check.service'],
  ])('refuses for %s a health check of %j', (uri, healthCheck, path) => {
    expect(check({ uri, healthCheck: { ...auto, ...healthCheck } })).toEqual([expect.stringContaining(path)]);
  });

  test('reports everything at once', () => {
    const found = check({ healthCheck: { kind: 'TCP', path: '/x', service: 'y' } }, [
      { path: 'settings.a', message: 'is unknown' },
    ]);
    expect(found.map((text) => text.split(' ')[0])).toEqual([
      'settings.a',
      'health_check.path',
      'health_check.service',
    ]);
  });
});

test('endpointsOf gives canonical URIs and keeps the order of preference', () => {
  const system = systemFixture('a', {
    interfaces: [
      { name: 'grpc', protocol: 'GRPC', uri: 'Host:1', settings: {}, healthCheck: auto, routes: [] },
      {
        name: 'rest',
        protocol: 'HTTP',
        uri: 'http://h/',
        settings: { message_path: '/m' },
        healthCheck: auto,
        routes: [],
      },
    ],
  });
  expect(endpointsOf(system)).toEqual([
    {
      systemId: 'a',
      interface: 'grpc',
      protocol: 'GRPC',
      uri: 'grpc://host:1',
      settings: {},
      healthCheck: auto,
      routes: [],
    },
    {
      systemId: 'a',
      interface: 'rest',
      protocol: 'HTTP',
      uri: 'http://h/',
      settings: { message_path: '/m' },
      healthCheck: auto,
      routes: [],
    },
  ]);
});
