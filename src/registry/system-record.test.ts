import { expect, test } from 'vitest';
import { needs, specFixture } from './system.fixture.ts';
import {
  decodeSystemRecord,
  encodeSystemRecord,
  specFingerprint,
  systemOfRecord,
  type SystemRecord,
} from './system-record.ts';

const record: SystemRecord = {
  ...specFixture('ledger', {
    dependencies: needs('system:a', 'type:b?', 'capability:c'),
    configuration: { deep: [{ a: null }], on: true },
    labels: { team: 'x' },
  }),
  createTimeMs: 1,
  updateTimeMs: 2,
  registrationId: 'r',
  leaseTtlMs: 5000,
};
const asJson = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const onDisk = JSON.parse(Buffer.from(encodeSystemRecord(record)).toString()) as Record<string, unknown>;

test('a record reads back as it was written, and carries its version', () => {
  expect(decodeSystemRecord('ledger', encodeSystemRecord(record))).toEqual(record);
  expect(onDisk).toMatchObject({ v: 1 });
  const noLease = { ...record, leaseTtlMs: undefined };
  expect(decodeSystemRecord('ledger', encodeSystemRecord(noLease))).toEqual(noLease);
});

test.each([
  ['not JSON', Buffer.from('{"v":1'), 'it is not JSON'],
  ['a later version', asJson({ ...onDisk, v: 2 }), '→ at v'],
  ['a missing field', asJson({ ...onDisk, interfaces: undefined }), '→ at interfaces'],
  ['an unknown field', asJson({ ...onDisk, color: 'red' }), 'color'],
  ['another id', asJson({ ...onDisk, id: 'other' }), '"other"'],
])('%s is a start error that names the key', (_what, bytes, detail) => {
  expect(() => decodeSystemRecord('ledger', bytes)).toThrow(
    expect.objectContaining({
      reason: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/The record "ledger" in the table "systems" cannot be read/) as string,
    }),
  );
  expect(() => decodeSystemRecord('ledger', bytes)).toThrow(detail);
});

test('the etag changes with the revision and with a store that was set up anew', () => {
  const etag = systemOfRecord(record, 7, undefined).etag;
  expect(systemOfRecord(record, 7, undefined).etag).toBe(etag);
  expect(systemOfRecord(record, 8, undefined).etag).not.toBe(etag);
  expect(systemOfRecord({ ...record, updateTimeMs: 3 }, 7, undefined).etag).not.toBe(etag);
});

test('the fingerprint ignores the order of keys and sees everything else', () => {
  const a = specFixture('a', { labels: { x: '1', y: '2' }, configuration: { p: { q: 1, r: 2 } } });
  const b = specFixture('a', { labels: { y: '2', x: '1' }, configuration: { p: { r: 2, q: 1 } } });
  expect(specFingerprint(a)).toBe(specFingerprint(b));
  expect(specFingerprint(a)).not.toBe(specFingerprint({ ...a, weight: 2 }));
  expect(specFingerprint(a)).not.toBe(specFingerprint({ ...a, configuration: { p: { q: 1, r: 3 } } }));
});
