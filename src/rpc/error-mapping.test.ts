import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  QuotaFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from '#gen/standard/google/rpc/error_details_pb.js';
import { StatusSchema } from '#gen/standard/google/rpc/status_pb.js';
import { errorCatalogue, errorReasons } from '../base/error-catalogue.ts';
import { HubError, type HubErrorInit, invalidFields } from '../base/error.ts';
import { type Logger, silentLogger } from '../telemetry/log.ts';
import {
  encodeGrpcMessage,
  errorBytesMax,
  hubErrorFrom,
  statusBytes,
  wireErrorFrom,
} from './error-mapping.ts';

/** What a client reads from the details. */
function read(error: HubError) {
  const wire = wireErrorFrom(error);
  const status = fromBinary(StatusSchema, statusBytes(wire));
  const unpack = <T>(schema: T & Parameters<typeof anyUnpack>[1]) =>
    status.details.map((each) => anyUnpack(each, schema)).find((each) => each !== undefined);
  return {
    wire,
    status,
    bytes: encodeGrpcMessage(wire.message).length + statusBytes(wire).byteLength,
    info: unpack(ErrorInfoSchema) as { reason: string; metadata: Record<string, string> } | undefined,
    badRequest: unpack(BadRequestSchema) as { fieldViolations: { field: string }[] } | undefined,
    retry: unpack(RetryInfoSchema),
    resource: unpack(ResourceInfoSchema),
    quota: unpack(QuotaFailureSchema),
  };
}

test('docs/errors.md says of every reason what the catalogue says, and of no other', () => {
  const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const documented = Object.fromEntries(
    text
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const [reason, code, meaning, remedy]: (string | undefined)[] = section.trim().split('\n\n');
        return [
          reason ?? '',
          {
            code: code?.replace(/^Code: `(.*)`$/, '$1'),
            meaning,
            remedy: remedy?.replace(/^What to do: /, ''),
          },
        ];
      }),
  );
  expect(documented).toEqual(errorCatalogue);
});

describe('wireErrorFrom', () => {
  test('carries code, reason, metadata and whether the target acted', () => {
    const { wire, status, info } = read(
      new HubError({
        reason: 'OUTCOME_UNKNOWN',
        message: 'it hung',
        metadata: { system_id: 'a' },
        executed: 'unknown',
      }),
    );
    expect(wire.code).toBe('UNKNOWN');
    expect(status).toMatchObject({ code: 2, message: 'it hung' });
    expect(info).toMatchObject({
      reason: 'OUTCOME_UNKNOWN',
      domain: 'switchyard.dev',
      metadata: { system_id: 'a', executed: 'unknown' },
    });
  });

  test('adds the details that fit', () => {
    const { badRequest, retry, resource, quota } = read(
      new HubError({
        reason: 'CONCURRENCY_LIMITED',
        message: 'too many',
        retryAfterMs: 250,
        resource: { type: 'system', name: 'a' },
        violations: [{ field: 'a.b', description: 'no' }],
      }),
    );
    expect(badRequest).toMatchObject({ fieldViolations: [{ field: 'a.b', description: 'no' }] });
    expect(retry).toMatchObject({ retryDelay: { seconds: 0n, nanos: 250_000_000 } });
    expect(resource).toMatchObject({ resourceType: 'system', resourceName: 'a' });
    expect(quota).toMatchObject({ violations: [{ description: 'too many' }] });
  });

  test('leaves out violations that do not fit, says how many, and stays within the bound', () => {
    const violations = Array.from({ length: 300 }, (_each, index) => ({
      field: `system.capabilities[${index}]`,
      description: 'must be a dotted lower-case slug; found "No Slug"',
    }));
    const { wire, badRequest, bytes, info } = read(invalidFields(violations));
    const kept = badRequest?.fieldViolations.length ?? 0;
    expect(bytes).toBeLessThanOrEqual(errorBytesMax);
    expect(kept).toBeGreaterThan(20);
    expect(badRequest?.fieldViolations[0]?.field).toBe('system.capabilities[0]');
    expect(info?.metadata['violations_omitted']).toBe(String(300 - kept));
    expect(wire.message).toContain(`(${300 - kept} of 300 violations are left out here)`);
  });

  test('keeps the reason when nothing else fits', () => {
    const metadata = Object.fromEntries(
      Array.from({ length: 50 }, (_each, index) => [`key_${index}`, 'x'.repeat(2000)]),
    );
    const { info, bytes } = read(
      new HubError({ reason: 'TARGET_FAILED', message: 'y'.repeat(9000), metadata }),
    );
    expect(info?.reason).toBe('TARGET_FAILED');
    expect(Object.keys(info?.metadata ?? {}).length).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(errorBytesMax);
  });

  test('is within the bound, readable and whole in its characters for any error', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3000 }),
      fc.string({ unit: 'grapheme', maxLength: 900 }),
    );
    const anyError: fc.Arbitrary<HubErrorInit> = fc.record(
      {
        reason: fc.constantFrom(...errorReasons),
        message: text,
        metadata: fc.dictionary(fc.string({ maxLength: 100 }), text, { maxKeys: 8 }),
        violations: fc.array(fc.record({ field: text, description: text }), { maxLength: 10 }),
        resource: fc.record({ type: text, name: text }),
        retryAfterMs: fc.nat(),
        executed: fc.constantFrom('no', 'yes', 'unknown'),
      },
      { requiredKeys: ['reason', 'message'] },
    );
    fc.assert(
      fc.property(anyError, (init) => {
        const { bytes, info, status } = read(new HubError(init));
        expect(bytes).toBeLessThanOrEqual(errorBytesMax);
        expect(info?.reason).toBe(init.reason);
        expect(status.message.isWellFormed()).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('encodeGrpcMessage', () => {
  test('encodes nothing but % and what is outside of printable ASCII', () => {
    expect(encodeGrpcMessage('a:/,;=&?#+$@ "%ü\n')).toBe('a:/,;=&?#+$@ "%25%C3%BC%0A');
  });

  test('is undone by decodeURIComponent and, for what grpc-js decodes, by decodeURI', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const encoded = encodeGrpcMessage(text);
        expect(encoded).toMatch(/^[\x20-\x7e]*$/);
        expect(decodeURIComponent(encoded)).toBe(text);
        expect(decodeURI(encoded)).toBe(text);
      }),
    );
  });
});

describe('hubErrorFrom', () => {
  test('lets a HubError pass', () => {
    const error = new HubError({ reason: 'NO_ROUTE', message: 'none' });
    expect(hubErrorFrom(error, silentLogger, 'here')).toBe(error);
  });

  test('hides anything else behind an id under which it is logged', () => {
    const lines: unknown[] = [];
    const logger: Logger = { ...silentLogger, error: (_message, fields) => lines.push(fields) };
    const error = hubErrorFrom(new TypeError('secret'), logger, 'a/B');
    expect(error.reason).toBe('INTERNAL');
    expect(error.message).not.toContain('secret');
    expect(lines).toMatchObject([{ error: 'secret', where: 'a/B', error_id: error.metadata['error_id'] }]);
  });
});
