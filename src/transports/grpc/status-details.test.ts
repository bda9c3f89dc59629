import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack, DurationSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DebugInfoSchema, RetryInfoSchema } from '#gen/standard/google/rpc/error_details_pb.js';
import { StatusSchema } from '#gen/standard/google/rpc/status_pb.js';
import { statusJson } from './status-details.ts';

function trailer(details: Parameters<typeof anyPack>[1][], schemas: Parameters<typeof anyPack>[0][]): string {
  const status = create(StatusSchema, {
    code: 8,
    message: 'slow down',
    details: details.map((detail, index) => anyPack(schemas[index]!, detail)),
  });
  return Buffer.from(toBinary(StatusSchema, status)).toString('base64');
}

const parsed = (bytes: Uint8Array | undefined): unknown => JSON.parse(Buffer.from(bytes ?? []).toString());

test('well-known details are told in their JSON form', () => {
  const retry = create(RetryInfoSchema, { retryDelay: { seconds: 3n } });
  const duration = create(DurationSchema, { seconds: 1n });
  expect(parsed(statusJson(trailer([retry, duration], [RetryInfoSchema, DurationSchema])))).toEqual({
    code: 8,
    message: 'slow down',
    details: [
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '3s' },
      { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '1s' },
    ],
  });
});

test('details that make it too long are left out, the JSON stays whole', () => {
  const long = create(DebugInfoSchema, { detail: 'x'.repeat(60_000) });
  const json = statusJson(trailer([long, long], [DebugInfoSchema, DebugInfoSchema]));
  expect(json?.byteLength).toBeLessThan(64 * 1024);
  expect((parsed(json) as { details: unknown[] }).details).toHaveLength(1);
});

test('no trailer, and one that holds no status, give nothing', () => {
  expect(statusJson(undefined)).toBeUndefined();
  expect(statusJson(Buffer.from([0xff, 0xff]).toString('base64'))).toBeUndefined();
});

test('any trailer at all gives JSON or nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const json = statusJson(Buffer.from(bytes).toString('base64'));
      if (json !== undefined) expect(parsed(json)).toHaveProperty('code');
    }),
  );
});
