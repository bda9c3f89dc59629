import { create, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SystemFilterSchema, SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { Protocol } from '#gen/switchyard/type/v1/protocol_pb.js';
import { healthCheckKinds } from '../base/transport.ts';
import { createSystemFilter } from '../registry/system-filter.ts';
import { needs, specFixture } from '../registry/system.fixture.ts';
import {
  decodeSystemRecord,
  encodeSystemRecord,
  systemOfRecord,
  type SystemRecord,
} from '../registry/system-record.ts';
import type { HealthCheck } from '../base/transport.ts';
import type { JsonObject, SystemInterface } from '../registry/system.ts';
import {
  systemChangeFromProto,
  systemFilterFromProto,
  systemSpecFromProto,
  systemToProto,
} from './system-proto.ts';

// Keys that a plain object cannot hold as its own are not sent by any client that we could understand.
const key = fc.string({ minLength: 1, maxLength: 8 }).filter((text) => text !== '__proto__');
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const json = fc
  .dictionary(
    key,
    fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('__proto__')),
    { maxKeys: 4 },
  )
  .map((value) => value as unknown as JsonObject);
const ms = fc.option(fc.integer({ min: 1000, max: 60_000 }), { nil: undefined });

const declaredInterface = fc
  .record({
    name: fc.constantFrom('rest', 'grpc'),
    where: fc.constantFrom(
      ['HTTP', 'http://h/b'] as const,
      ['HTTP', 'https://h:1'] as const,
      ['GRPC', 'h:1'] as const,
      ['GRPC', 'grpcs://h:1'] as const,
    ),
    settings: json,
    kind: fc.constantFrom(...healthCheckKinds),
    path: fc.constantFrom('', '/health'),
    service: fc.constantFrom('', 'a.B'),
    intervalMs: ms,
    timeoutMs: ms,
  })
  .map(
    ({
      name,
      where: [protocol, uri],
      settings,
      kind,
      path,
      service,
      intervalMs,
      timeoutMs,
    }): SystemInterface => {
      const healthCheck: HealthCheck = {
        kind,
        path,
        service,
        ...(intervalMs === undefined ? {} : { intervalMs }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      };
      return { name, protocol, uri, settings, healthCheck, routes: [] };
    },
  );

const record = fc
  .record({
    name: text,
    version: text,
    capabilities: fc.uniqueArray(fc.constantFrom('a', 'b', 'c')),
    dependencies: fc
      .uniqueArray(fc.constantFrom('system:a', 'type:b?', 'capability:c', 'type:d'))
      .map((texts) => needs(...texts)),
    interfaces: fc.array(declaredInterface, { minLength: 1, maxLength: 3 }),
    configuration: json,
    labels: fc.dictionary(key, text, { maxKeys: 4 }),
    weight: fc.integer({ min: 1, max: 1000 }),
    zone: text,
    createTimeMs: fc.integer({ min: 0, max: 4e12 }),
    updateTimeMs: fc.integer({ min: 0, max: 4e12 }),
    leaseTtlMs: ms,
  })
  .map((parts): SystemRecord => ({ ...specFixture('a'), ...parts, registrationId: 'secret-id' }));

test('a system survives disk, proto, binary and JSON unchanged', () => {
  fc.assert(
    fc.property(record, fc.integer({ min: 1 }), (made, revision) => {
      const read = decodeSystemRecord('a', encodeSystemRecord(made));
      const lease =
        made.leaseTtlMs === undefined
          ? undefined
          : { ttlMs: made.leaseTtlMs, expireTimeMs: 5, expired: true };
      const system = systemOfRecord(read, revision, lease);
      const proto = create(SystemSchema, systemToProto(system));
      const overBinary = fromBinary(SystemSchema, toBinary(SystemSchema, proto));
      const overJson = fromJson(SystemSchema, toJson(SystemSchema, proto));
      expect(toJson(SystemSchema, proto)).not.toHaveProperty('registrationId');
      for (const received of [proto, overBinary, overJson]) {
        const { etag, lease: _lease, registrationId, createTimeMs, updateTimeMs, ...spec } = system;
        const back = systemSpecFromProto(received);
        // JSON on disk and in Struct knows no negative zero.
        expect(JSON.parse(JSON.stringify(back))).toEqual(JSON.parse(JSON.stringify(spec)));
        expect(received.etag).toBe(etag);
        expect(registrationId).toBe('secret-id');
        const again = { ...made, ...back };
        expect(decodeSystemRecord('a', encodeSystemRecord(again))).toEqual(read);
        expect([createTimeMs, updateTimeMs]).toEqual([
          Number(received.createTime?.seconds ?? 0n) * 1000 + (received.createTime?.nanos ?? 0) / 1e6,
          Number(received.updateTime?.seconds ?? 0n) * 1000 + (received.updateTime?.nanos ?? 0) / 1e6,
        ]);
      }
    }),
  );
});

test('fills in defaults: weight 1, protocol from the URI, the protocol’s own health check', () => {
  const spec = systemSpecFromProto(
    create(SystemSchema, { id: 'a', interfaces: [{ name: 'grpc', uri: 'localhost:1' }] }),
  );
  expect(spec).toMatchObject({
    weight: 1,
    configuration: {},
    interfaces: [{ protocol: 'GRPC', uri: 'localhost:1', settings: {}, healthCheck: { kind: 'AUTO' } }],
  });
});

test('shows output-only fields and leaves unset ones unset', () => {
  const system = systemOfRecord(
    { ...specFixture('a'), createTimeMs: 1500, updateTimeMs: 2500, registrationId: 'r', leaseTtlMs: 5000 },
    1,
    { ttlMs: 5000, expireTimeMs: 7500, expired: false },
  );
  expect(toJson(SystemSchema, create(SystemSchema, systemToProto(system)))).toMatchObject({
    etag: system.etag,
    createTime: '1970-01-01T00:00:01.500Z',
    updateTime: '1970-01-01T00:00:02.500Z',
    lease: { ttl: '5s', expireTime: '1970-01-01T00:00:07.500Z' },
  });
  const bare = systemToProto({ ...system, lease: undefined });
  expect(bare).not.toHaveProperty('lease');
  expect(bare).not.toHaveProperty('configuration');
});

test('takes over only what the mask names, cleared fields included', () => {
  const proto = create(SystemSchema, { id: 'a', name: 'New', zone: '', weight: 0, labels: { a: 'b' } });
  expect(systemChangeFromProto(proto, ['zone', 'weight', 'id', 'nonsense'])).toEqual({ zone: '', weight: 1 });
});

test('an unset filter is every system, and an unspecified status is any status', () => {
  const key1 = createSystemFilter(systemFilterFromProto(undefined)).key;
  expect(createSystemFilter(systemFilterFromProto(create(SystemFilterSchema))).key).toBe(key1);
  expect(
    systemFilterFromProto(
      create(SystemFilterSchema, {
        protocols: [Protocol.GRPC],
        statuses: [HealthStatus.FAILED, HealthStatus.HEALTHY],
        idPrefix: 'a.',
      }),
    ),
  ).toMatchObject({ protocols: ['GRPC'], statuses: ['FAILED', 'HEALTHY'], idPrefix: 'a.' });
  expect(
    systemFilterFromProto(
      create(SystemFilterSchema, { statuses: [HealthStatus.FAILED, HealthStatus.UNSPECIFIED] }),
    ).statuses,
  ).toEqual([]);
});
