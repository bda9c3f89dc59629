import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z, type ZodType } from 'zod';
import { MessageSchema } from '#gen/switchyard/messaging/v1/message_pb.js';
import { SendMessageRequestSchema } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import {
  ListSystemsRequestSchema,
  RegisterSystemRequestSchema,
  UpdateSystemRequestSchema,
} from '#gen/switchyard/registry/v1/registry_service_pb.js';
import { InterfaceSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import { Protocol, ProtocolSchema } from '#gen/switchyard/type/v1/protocol_pb.js';
import * as rules from './field-rules.ts';
import { fieldPath, violationsOf } from './validation.ts';

const systemRules = z.object({
  id: rules.slug(),
  name: rules.text({ charactersMax: 200, required: true }),
  capabilities: rules.list(rules.slug(), { max: 3, uniqueBy: (capability: string) => capability }),
  interfaces: rules.list(
    z.object({
      name: rules.slug(),
      protocol: rules.definedEnum(ProtocolSchema),
      settings: rules.struct({ bytesMax: 40, depthMax: 2 }),
      healthCheck: z.object({ interval: rules.duration({ minMs: 1000, maxMs: 3_600_000 }) }).optional(),
    }),
    { min: 1, max: 16 },
  ),
  dependencies: rules.list(z.object({ target: rules.required(rules.target()) }), { max: 100 }),
  labels: rules.labels(),
  weight: rules.wholeNumber({ min: 1, max: 1000, zeroUnset: true }),
});
/** A number that the enum does not have, as the wire allows it. */
const unknownProtocol = create(InterfaceSchema);
Object.assign(unknownProtocol, { protocol: 99, name: 'grpc', settings: { path: 'x'.repeat(50) } });
const registerRules = z.object({ system: rules.required(systemRules) });

function violations<D extends DescMessage>(description: D, schema: ZodType, init: MessageInitShape<D>) {
  return violationsOf(description, schema, create(description, init)).map(
    ({ field, description: text }) => `${field}: ${text}`,
  );
}

describe('violationsOf', () => {
  test('is empty for a request that keeps the rules', () => {
    expect(
      violations(RegisterSystemRequestSchema, registerRules, {
        system: {
          id: 'payments.ledger-1',
          name: 'Ledger',
          interfaces: [{ name: 'grpc', protocol: Protocol.HTTP, healthCheck: { interval: { seconds: 5n } } }],
          dependencies: [{ target: { target: { case: 'type', value: 'store' } } }],
          labels: { team: 'a' },
        },
      }),
    ).toEqual([]);
  });

  test('says that a required message is missing', () => {
    expect(violations(RegisterSystemRequestSchema, registerRules, {})).toEqual([
      'system: is required; found nothing',
    ]);
  });

  test('reports everything at once, by proto path, with what was found and what is allowed', () => {
    const slugForm = 'a dotted lower-case slug such as "payments.ledger", at most 128 bytes';
    expect(
      violations(RegisterSystemRequestSchema, registerRules, {
        system: {
          id: 'Ledger 1',
          capabilities: ['a', 'b', 'a'],
          interfaces: [
            unknownProtocol,
            { name: '', settings: { a: { b: { c: 1 } } }, healthCheck: { interval: { nanos: 5 } } },
          ],
          dependencies: [{}, { target: {} }, { target: { target: { case: 'systemId', value: 'No!' } } }],
          labels: { 'the "zone"': 'x'.repeat(257) },
          weight: 2000,
        },
      }),
    ).toEqual([
      `system.id: must be ${slugForm}; found "Ledger 1"`,
      'system.name: is required: 1 to 200 characters; found an empty text',
      'system.capabilities[2]: must not repeat item [0]; found "a"',
      'system.interfaces[0].protocol: must be one of PROTOCOL_UNSPECIFIED, PROTOCOL_HTTP, PROTOCOL_GRPC, PROTOCOL_WEBSOCKET, PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_GRAPHQL, PROTOCOL_PLUGIN; found 99',
      'system.interfaces[0].settings: must be at most 40 bytes as JSON; found 61 bytes',
      `system.interfaces[1].name: must be ${slugForm}; found an empty text`,
      'system.interfaces[1].settings: must be nested at most 2 deep; found deeper ones',
      'system.interfaces[1].health_check.interval: must be 1 s to 1 h; found 5e-9 s',
      'system.dependencies[0].target: is required; found nothing',
      'system.dependencies[1].target: must have exactly one of system_id, type, capability set; found none',
      `system.dependencies[2].target.system_id: must be ${slugForm}; found "No!"`,
      `system.labels["the \\"zone\\""]: must be at most 256 characters, it has 257; found "${'x'.repeat(64)}"…`,
      'system.weight: must be 1 to 1000, or unset; found 2000',
    ]);
  });

  test('resolves the case of a oneof beside plain fields', () => {
    const schema = z.object({
      message: rules.required(
        z.object({ payload: rules.oneof({ data: rules.bytes(4) }), headers: rules.headers() }),
      ),
    });
    expect(
      violations(SendMessageRequestSchema, schema, {
        message: { payload: { case: 'data', value: new Uint8Array(5) }, headers: { 'X-Bad': 'a\nb' } },
      }),
    ).toEqual([
      'message.data: must be at most 4 bytes; found 5 bytes',
      'message.headers["X-Bad"]: key must be a lower-case HTTP header name of at most 256 bytes; found "X-Bad"',
      'message.headers["X-Bad"]: must be printable ASCII; found "a\\nb"',
    ]);
  });

  test('keeps a value out of the text when the rule says so', () => {
    const secret = rules.rule<string>(() => ({ message: 'must not hold a password', found: '' }));
    expect(
      violations(ListSystemsRequestSchema, z.object({ pageToken: secret }), { pageToken: 'hunter2' }),
    ).toEqual(['page_token: must not hold a password']);
  });

  test('stops at a list that is too long instead of reporting each item', () => {
    const found = violations(RegisterSystemRequestSchema, registerRules, {
      system: {
        id: 'a',
        name: 'A',
        interfaces: [{ name: 'a' }],
        capabilities: Array(1000).fill('NO') as string[],
      },
    });
    expect(found).toEqual(['system.capabilities: must have at most 3 items; found 1000 items']);
  });
});

describe('field rules', () => {
  const cases: [string, ZodType, unknown, boolean][] = [
    ['a slug of 128 bytes', rules.slug(), 'a'.repeat(128), true],
    ['a slug of 129 bytes', rules.slug(), 'a'.repeat(129), false],
    ['no slug', rules.optionalSlug(), '', true],
    ['a slug prefix that ends with a dot', rules.slugPrefix(), 'payments.', true],
    ['a slug prefix with two dots', rules.slugPrefix(), 'a..b', false],
    ['a message id with a space', rules.visibleAscii(), 'a b', false],
    ['200 characters outside the BMP', rules.text({ charactersMax: 200 }), '😀'.repeat(200), true],
    ['201 characters outside the BMP', rules.text({ charactersMax: 200 }), '😀'.repeat(201), false],
    ['text with a NUL', rules.text({ charactersMax: 9 }), 'a\0b', false],
    ['a pattern that matches', rules.pattern({ pattern: /^\//, form: 'a path', bytesMax: 9 }), '/x', true],
    [
      'a pattern too long in bytes',
      rules.pattern({ pattern: /^\//, form: 'a path', bytesMax: 3 }),
      '/üü',
      false,
    ],
    ['an unset duration', rules.duration({ minMs: 1, maxMs: 2 }), undefined, true],
    [
      'a duration of mixed signs',
      rules.duration({ minMs: -5000, maxMs: 5000 }),
      { seconds: 1n, nanos: -1 },
      false,
    ],
    ['a timestamp in year 10000', rules.timestamp(), { seconds: 253402300800n, nanos: 0 }, false],
    ['a negative page size', rules.pageSize(), -1, false],
    ['a huge page size', rules.pageSize(), 2 ** 31 - 1, true],
    [
      'an unspecified enum where refused',
      rules.definedEnum(ProtocolSchema, { unspecified: 'refused' }),
      0,
      false,
    ],
    ['a mask with an unknown path', rules.fieldMask(['name']), { paths: ['nme'] }, false],
    ['a mask', rules.fieldMask(['name']), { paths: ['name'] }, true],
  ];
  test.each(cases)('%s', (_name, schema, value, allowed) => {
    expect(schema.safeParse(value).success).toBe(allowed);
  });

  test('a missing field mask lists what it may hold', () => {
    const schema = z.object({ updateMask: rules.fieldMask(['name', 'zone']) });
    expect(violations(UpdateSystemRequestSchema, schema, {})).toEqual([
      'update_mask: is required: one or more of name, zone; found nothing',
    ]);
  });

  test('the depth of nested data is counted no further than needed', () => {
    let nested: unknown = 1;
    for (let i = 0; i < 50_000; i += 1) nested = [nested];
    expect(rules.depthOf(nested, 32)).toBe(34);
    expect(rules.depthOf([{ a: 1 }], 32)).toBe(2);
  });
});

test('fieldPath never throws, whatever the path', () => {
  const key = fc.oneof(
    fc.constantFrom('target', 'payload', 'case', 'value', 'headers', 'toString', '__proto__'),
    fc.string(),
    fc.nat(),
  );
  fc.assert(
    fc.property(fc.array(key, { maxLength: 6 }), (path) => {
      const message = create(MessageSchema, { target: { target: { case: 'type', value: 'x' } } });
      expect(typeof fieldPath(MessageSchema, message, path)).toBe('string');
    }),
  );
});
