import { DurationSchema } from '@bufbuild/protobuf/wkt';
import { toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { healthStatuses } from '../base/health-status.ts';
import { protocols } from '../base/transport.ts';
import {
  durationFromProto,
  durationToProto,
  healthStatusFromProto,
  healthStatusToProto,
  optionalDuration,
  optionalTimestamp,
  protocolFromProto,
  protocolToProto,
  targetFromProto,
  targetToProto,
} from './proto-values.ts';
import { create } from '@bufbuild/protobuf';
import { TargetSchema } from '#gen/switchyard/type/v1/target_pb.js';

test('a duration with any fraction encodes, and comes back within a millisecond', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (ms) => {
      const duration = durationToProto(ms);
      expect(toBinary(DurationSchema, duration).length).toBeLessThan(20);
      expect(Math.abs((durationFromProto(duration) ?? NaN) - ms)).toBeLessThanOrEqual(1);
    }),
  );
});

test('0.9999999 ms is a whole number of microseconds, not a broken nanosecond', () => {
  expect(durationToProto(999.9999999)).toMatchObject({ seconds: 1n, nanos: 0 });
});

test('what is undefined leaves the field out', () => {
  expect(optionalDuration('latency', undefined)).toEqual({});
  expect(optionalTimestamp('time', undefined)).toEqual({});
  expect(durationFromProto(undefined)).toBeUndefined();
});

test('statuses, protocols and targets go there and back', () => {
  for (const status of healthStatuses)
    expect(healthStatusFromProto(healthStatusToProto(status))).toBe(status);
  for (const protocol of protocols) expect(protocolFromProto(protocolToProto(protocol))).toBe(protocol);
  const targets = [
    { by: 'system', systemId: 'a' },
    { by: 'type', type: 'b' },
    { by: 'capability', capability: 'c' },
  ] as const;
  for (const target of targets)
    expect(targetFromProto(create(TargetSchema, targetToProto(target)))).toEqual(target);
  expect(targetFromProto(create(TargetSchema))).toBeUndefined();
});
