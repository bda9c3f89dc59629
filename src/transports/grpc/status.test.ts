import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  codeOfHttpStatus,
  decodeGrpcMessage,
  definiteRefusals,
  formatGrpcTimeout,
  grpcCodeNames,
  isGrpcContentType,
  parseGrpcStatus,
} from './status.ts';

describe('gRPC status', () => {
  test('numbers 0 to 16 have names, nothing else has', () => {
    expect(grpcCodeNames).toHaveLength(17);
    expect(parseGrpcStatus('0')).toBe('OK');
    expect(parseGrpcStatus('05')).toBe('NOT_FOUND');
    expect(parseGrpcStatus('16')).toBe('UNAUTHENTICATED');
    for (const text of ['17', '100', '', '-1', '1.0', ' 1', 'OK', '0x1'])
      expect(parseGrpcStatus(text)).toBeUndefined();
  });

  test('codes that may come from a target that had begun are no definite refusals', () => {
    for (const name of [
      'OK',
      'CANCELLED',
      'UNKNOWN',
      'DEADLINE_EXCEEDED',
      'ABORTED',
      'INTERNAL',
      'UNAVAILABLE',
      'DATA_LOSS',
    ] as const)
      expect(definiteRefusals.has(name)).toBe(false);
    expect(definiteRefusals.size).toBe(8);
  });

  test('every HTTP status stands for a code', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), (status) => {
        expect(grpcCodeNames).toContain(codeOfHttpStatus(status));
        expect(codeOfHttpStatus(status)).not.toBe('OK');
      }),
    );
  });

  test.each([
    ['application/grpc', true],
    ['application/grpc+proto', true],
    ['application/grpc; charset=utf-8', true],
    ['Application/gRPC', true],
    ['application/grpc-web', false],
    ['application/grpc-web+proto', false],
    ['text/html', false],
    [undefined, false],
  ])('content type %s is gRPC: %s', (contentType, expected) => {
    expect(isGrpcContentType(contentType)).toBe(expected);
  });
});

describe('grpc-message', () => {
  test('comes back as it was before it was percent-encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeGrpcMessage(encodeURIComponent(text.toWellFormed()))).toBe(text.toWellFormed());
      }),
    );
  });

  test('stays as it is where it is not validly encoded', () => {
    expect(decodeGrpcMessage('50% of %zz %4')).toBe('50% of %zz %4');
    expect(decodeGrpcMessage('𝕏 %20 𝕏')).toBe('𝕏   𝕏');
    fc.assert(fc.property(fc.string(), (text) => typeof decodeGrpcMessage(text) === 'string'));
  });
});

describe('grpc-timeout', () => {
  test.each([
    [1500.9, '1500m'],
    [0, '1m'],
    [-5, '1m'],
    [99_999_999, '99999999m'],
    [100_000_000, '100000S'],
    [Infinity, '99999999S'],
  ])('of %d ms is %s', (remainingMs, text) => {
    expect(formatGrpcTimeout(remainingMs)).toBe(text);
  });

  test('is never longer than the time that is left, beyond the least of 1 ms', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e13, noNaN: true }), (remainingMs) => {
        const [, digits = '', unit = ''] = /^([0-9]{1,8})([mS])$/.exec(formatGrpcTimeout(remainingMs)) ?? [];
        expect(digits).not.toBe('');
        expect(Number(digits) * (unit === 'S' ? 1000 : 1)).toBeLessThanOrEqual(remainingMs);
      }),
    );
  });
});
