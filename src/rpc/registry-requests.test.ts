import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { StructSchema, ValueSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { RegistryService } from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { createRegistryRequestSchemas } from './registry-requests.ts';
import { violationsOf } from './validation.ts';

/** A value that none of the enums has, as a newer client could send it. */
const unknownNumber = 99 as never;

const schemas = createRegistryRequestSchemas({
  registry: { descriptorSetsAfter: () => ({ get: () => undefined }) },
  checkEndpoint: (_protocol, { settings }) =>
    'token' in settings ? [{ path: 'settings.token', message: 'must be a secret_ref' }] : [],
  checkDescriptorSet: (data) => (data[0] === 10 ? undefined : 'it is broken'),
  withDescriptorSets: (_sets, check) => check(),
});
type Method = keyof typeof RegistryService.method;

function check<M extends Method>(
  method: M,
  init: MessageInitShape<(typeof RegistryService.method)[M]['input']>,
): string[] {
  const description = RegistryService.method[method].input;
  const message = create(description, init as never);
  return violationsOf(description, schemas[method], message).map(
    ({ field, description: text }) => `${field}: ${text}`,
  );
}
const fieldsOf = (violations: readonly string[]): string[] =>
  violations.map((text) => text.split(': ')[0] ?? '');

const valid = {
  id: 'payments.ledger-1',
  type: 'ledger',
  name: 'Ledger',
  version: '1.0',
  interfaces: [{ name: 'rest_api', uri: 'http://localhost:1' }],
} satisfies MessageInitShape<typeof SystemSchema>;

describe('registerSystem', () => {
  test('takes the smallest system and one at every limit', () => {
    expect(check('registerSystem', { system: valid })).toEqual([]);
    const names = Array.from({ length: 100 }, (_, at) => `c${at}`);
    expect(
      check('registerSystem', {
        leaseTtl: { seconds: 86_400n },
        system: {
          ...valid,
          id: 'a'.repeat(128),
          name: 'ä'.repeat(200),
          version: 'v'.repeat(64),
          capabilities: names,
          dependencies: names.map((type) => ({ target: { target: { case: 'type' as const, value: type } } })),
          interfaces: Array.from({ length: 16 }, (_, at) => ({
            name: `i${at}`,
            uri: `http://h/${'a'.repeat(2048 - 9)}`,
            healthCheck: {
              path: `/${'p'.repeat(1023)}`,
              interval: { seconds: 3600n },
              timeout: { nanos: 10_000_000 },
            },
          })),
          labels: Object.fromEntries(
            names.slice(0, 64).map((name) => [name.padEnd(128, 'k'), 'v'.repeat(256)]),
          ),
          configuration: { text: 'x'.repeat(65_536 - 11) },
          weight: 1000,
          zone: 'z'.repeat(64),
        },
      }),
    ).toEqual([]);
  });

  test('needs a system', () => {
    expect(check('registerSystem', {})).toEqual([expect.stringMatching(/^system: is required/)]);
  });

  test('reports every violation at once, each with its path', () => {
    const violations = check('registerSystem', {
      leaseTtl: { nanos: 999_000_000 },
      system: {
        id: 'Not A Slug',
        type: '',
        name: '',
        version: 'v'.repeat(65),
        capabilities: ['fly', 'fly', 'NO'],
        dependencies: [{}, { target: {} }, { target: { target: { case: 'systemId', value: 'X' } } }],
        interfaces: [
          { name: 'a', uri: 'ftp://h' },
          { name: 'a', uri: 'grpc://h:1', protocol: Protocol.HTTP },
          { name: '', uri: '', protocol: unknownNumber },
          { name: 'b', uri: 'http://h', settings: { token: 'hunter2' } },
          {
            name: 'c',
            uri: 'http://h',
            healthCheck: {
              kind: unknownNumber,
              path: 'p'.repeat(1025),
              service: 's',
              interval: { nanos: 1 },
              timeout: { seconds: 61n },
            },
          },
        ],
        configuration: { text: 'x'.repeat(65_536) },
        labels: { '': 'v', k: 'v'.repeat(257) },
        weight: 1001,
        zone: 'z'.repeat(65),
      },
    });
    expect(fieldsOf(violations).sort()).toEqual(
      [
        'lease_ttl',
        'system.id',
        'system.type',
        'system.name',
        'system.version',
        'system.capabilities[1]',
        'system.capabilities[2]',
        'system.dependencies[0].target',
        'system.dependencies[1].target',
        'system.dependencies[2].target.system_id',
        'system.interfaces[0].uri',
        'system.interfaces[1]',
        'system.interfaces[1].protocol',
        'system.interfaces[2].name',
        'system.interfaces[2].protocol',
        'system.interfaces[2].uri',
        'system.interfaces[3].settings.token',
        'system.interfaces[4].health_check.interval',
        'system.interfaces[4].health_check.kind',
        'system.interfaces[4].health_check.path',
        'system.interfaces[4].health_check.path',
        'system.interfaces[4].health_check.service',
        'system.interfaces[4].health_check.timeout',
        'system.configuration',
        'system.labels[""]',
        'system.labels["k"]',
        'system.weight',
        'system.zone',
      ].sort(),
    );
    expect(violations.join()).toContain('allowed are http://, https://, grpc://, grpcs://, ws://');
    expect(violations.join()).not.toContain('hunter2');
  });

  test('never repeats a password in a URI', () => {
    const [violation = ''] = check('registerSystem', {
      system: { ...valid, interfaces: [{ name: 'a', uri: 'http://me:hunter2@h' }] },
    });
    expect(violation).toMatch(/^system\.interfaces\[0\]\.uri: holds a user or password/);
    expect(violation).not.toContain('hunter2');
  });

  test('needs 1 to 16 interfaces and at most 100 capabilities and dependencies', () => {
    expect(
      fieldsOf(
        check('registerSystem', {
          system: {
            ...valid,
            interfaces: [],
            capabilities: Array.from({ length: 101 }, (_, at) => `c${at}`),
            dependencies: Array.from({ length: 101 }, () => ({})),
          },
        }),
      ),
    ).toEqual(['system.capabilities', 'system.dependencies', 'system.interfaces']);
  });

  test('settings are bounded', () => {
    expect(
      fieldsOf(
        check('registerSystem', {
          system: { ...valid, interfaces: [{ name: 'a', uri: 'h:1', settings: { x: 'y'.repeat(16_384) } }] },
        }),
      ),
    ).toEqual(['system.interfaces[0].settings']);
  });

  test('numbers that JSON cannot hold do not get into a configuration', () => {
    const struct = create(StructSchema, {
      fields: { x: create(ValueSchema, { kind: { case: 'numberValue', value: Infinity } }) },
    });
    // Field 8 of System is the configuration, length-delimited.
    const bytes = toBinary(StructSchema, struct);
    const wire = Buffer.concat([Buffer.from([8 * 8 + 2, bytes.length]), bytes]);
    const { configuration } = fromBinary(SystemSchema, wire);
    expect(configuration).toEqual({ x: Infinity });
    expect(check('registerSystem', { system: { ...valid, configuration } })).toEqual([
      'system.configuration: must hold finite numbers only; found NaN or an infinity',
    ]);
  });
});

describe('updateSystem', () => {
  test('checks the fields that the mask names, and only those', () => {
    expect(
      check('updateSystem', {
        system: { id: 'a', name: '', weight: 5000 },
        updateMask: { paths: ['zone', 'labels'] },
      }),
    ).toEqual([]);
    expect(
      fieldsOf(
        check('updateSystem', {
          system: { id: 'a', name: '', weight: 5000 },
          updateMask: { paths: ['name', 'weight', 'interfaces', 'name'] },
        }),
      ),
    ).toEqual(['system.name', 'system.interfaces', 'system.weight']);
  });

  test('refuses paths that it does not know, naming those it does', () => {
    const violations = check('updateSystem', {
      system: { id: 'a' },
      updateMask: { paths: ['zone', 'etag', 'interfaces.uri'] },
    });
    expect(violations).toEqual([
      expect.stringMatching(/^update_mask: .*type, name, version, .*weight, zone.*"etag","interfaces.uri"/),
    ]);
    expect(fieldsOf(check('updateSystem', {}))).toEqual(['system', 'update_mask']);
  });
});

describe('the other requests', () => {
  test('filters refuse what could only be a typo', () => {
    expect(
      fieldsOf(
        check('listSystems', {
          filter: {
            types: ['A'],
            capabilities: [''],
            protocols: [Protocol.UNSPECIFIED, unknownNumber],
            statuses: [HealthStatus.UNSPECIFIED, HealthStatus.DISCONNECTED, unknownNumber],
            idPrefix: 'A',
            text: 't'.repeat(201),
          },
          pageSize: -1,
        }),
      ),
    ).toEqual([
      'filter.types[0]',
      'filter.capabilities[0]',
      'filter.protocols[0]',
      'filter.protocols[1]',
      'filter.statuses[2]',
      'filter.id_prefix',
      'filter.text',
      'page_size',
    ]);
    expect(check('watchSystems', { filter: { idPrefix: 'payments.' } })).toEqual([]);
    expect(fieldsOf(check('watchSystems', { resumeToken: 'no spaces' }))).toEqual(['resume_token']);
  });

  test('renewals need ids, and there are 1 to 1000', () => {
    expect(fieldsOf(check('renewLeases', {}))).toEqual(['renewals']);
    expect(fieldsOf(check('renewLeases', { renewals: [{ systemId: 'A' }] }))).toEqual([
      'renewals[0].system_id',
      'renewals[0].registration_id',
    ]);
    const renewals = Array.from({ length: 1001 }, () => ({ systemId: 'a', registrationId: 'r' }));
    expect(check('renewLeases', { renewals: renewals.slice(1) })).toEqual([]);
    expect(fieldsOf(check('renewLeases', { renewals }))).toEqual(['renewals']);
  });

  test('questions need whom they are about', () => {
    expect(fieldsOf(check('getSystem', {}))).toEqual(['system_id']);
    expect(fieldsOf(check('deregisterSystem', {}))).toEqual(['system_id']);
    expect(fieldsOf(check('getDependencies', { direction: unknownNumber }))).toEqual([
      'system_id',
      'direction',
    ]);
    expect(fieldsOf(check('getImpact', {}))).toEqual(['target']);
    expect(fieldsOf(check('getImpact', { target: {} }))).toEqual(['target']);
    expect(fieldsOf(check('listCapabilities', { prefix: '!' }))).toEqual(['prefix']);
    expect(check('getRegistrySummary', {})).toEqual([]);
  });
});
