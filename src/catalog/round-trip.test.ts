import { create, equals } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import { repeatSafeties } from '../base/message.ts';
import { protocols } from '../base/transport.ts';
import { arbitraryPolicy } from '../resilience/policy.fixture.ts';
import { documentIssues, pathText } from './issue-text.ts';
import { policyFromContract, policyToContract } from './policy-contract.ts';
import { policyFile } from './policy-file.ts';
import { policyToProto, policyToSettings } from './policy-proto.ts';
import { policyFromSettings } from './policy-settings.ts';
import { systemFile } from './system-file.ts';
import { systemToProto, systemToSettings } from './system-proto.ts';

const slug = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
const text = fc.string({ minLength: 1, maxLength: 12 });
const seconds = fc.integer({ min: 1, max: 300 }).map((count) => `${count}s`);
const some = (values: readonly string[]) => fc.constantFrom(...values);
const partial = (
  required: Record<string, fc.Arbitrary<unknown>>,
  optional: Record<string, fc.Arbitrary<unknown>>,
) =>
  fc.record(
    { ...required, ...optional },
    {
      requiredKeys: Object.keys(required),
    },
  );

const systems = partial(
  {
    id: slug,
    type: slug,
    name: text,
    version: text,
    interfaces: fc.array(
      partial(
        { name: slug, uri: text },
        {
          protocol: some(protocols),
          settings: fc.dictionary(slug, fc.integer(), { minKeys: 1 }),
          health_check: partial(
            { kind: some(['HTTP', 'GRPC', 'TCP', 'NONE']) },
            { path: text, interval: seconds },
          ),
          routes: fc.array(
            partial(
              { message_type: text },
              { operation: fc.dictionary(slug, text), repeat_safety: some(repeatSafeties) },
            ),
            { minLength: 1, maxLength: 3 },
          ),
        },
      ),
      { minLength: 1, maxLength: 3 },
    ),
  },
  {
    capabilities: fc.array(slug, { maxLength: 3 }),
    dependencies: fc.array(
      fc.oneof(
        slug,
        slug.map((type) => `type:${type}`),
        slug.map((capability) => ({ target: { capability }, optional: true })),
      ),
      { maxLength: 3 },
    ),
    configuration: fc.dictionary(slug, fc.integer(), { minKeys: 1 }),
    labels: fc.dictionary(slug, text),
    weight: fc.integer({ min: 1, max: 1000 }),
    zone: text,
    owner: text,
  },
);

test('a system told in the form of a file is the same system when read again', () => {
  fc.assert(
    fc.property(systems, (written) => {
      const system = systemToProto(systemFile.parse(written));
      const again = systemToProto(systemFile.parse(systemToSettings(system)));
      // A map of routes without an operation and one with an empty operation are told alike.
      for (const each of [system, again]) {
        for (const { routes } of each.interfaces)
          for (const route of routes)
            if (Object.keys(route.operation ?? {}).length === 0) delete route.operation;
      }
      expect(equals(SystemSchema, again, system)).toBe(true);
    }),
  );
});

test('a policy told in the form of a file is the same policy when read again, every field of it', () => {
  fc.assert(
    fc.property(arbitraryPolicy(), (policy) => {
      const written = stringify(policyToSettings(create(PolicySchema, policyToContract(policy))));
      const read = policyFile.parse(parse(written));
      expect(policyFromSettings(read)).toEqual(policy);
      expect(policyFromContract(policyToProto(read))).toEqual(policy);
    }),
  );
});

test('steps of a fallback, in every form in which people write them', () => {
  const read = policyFile.parse(
    parse(`
name: spare
fallback:
  - { target: 'type:ledger_b', timeout: 5s, attempts: 1 }
  - target: { capability: payments.read }
  - target: ledger_9
  - same_type: {}
  - last_good: { max_age: 5m }
  - last_good: {}
  - static_reply: { json: { rate: 1.5, at: null } }
  - static_reply: { status: '503', text: 'come back later' }
`),
  );
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  expect(policyFromSettings(read).fallback).toEqual([
    { kind: 'target', target: { by: 'type', type: 'ledger_b' }, timeoutMs: 5000, attempts: 1 },
    { kind: 'target', target: { by: 'capability', capability: 'payments.read' } },
    { kind: 'target', target: { by: 'system', systemId: 'ledger_9' } },
    { kind: 'same_type' },
    { kind: 'last_good', maxAgeMs: 300_000 },
    { kind: 'last_good' },
    {
      kind: 'static_reply',
      reply: { status: '200', contentType: 'application/json', dataBase64: base64('{"rate":1.5,"at":null}') },
    },
    {
      kind: 'static_reply',
      reply: {
        status: '503',
        contentType: 'text/plain; charset=utf-8',
        dataBase64: base64('come back later'),
      },
    },
  ]);
  expect(policyToSettings(policyToProto(read))['fallback']).toEqual([
    { target: 'type:ledger_b', timeout: '5s', attempts: 1 },
    { target: 'capability:payments.read' },
    { target: 'system:ledger_9' },
    { same_type: {} },
    { last_good: { max_age: '5m' } },
    { last_good: {} },
    { static_reply: { json: { rate: 1.5, at: null } } },
    { static_reply: { status: '503', text: 'come back later' } },
  ]);
});

test.each<[string, unknown, string]>([
  [
    'two answers in a step',
    [{ same_type: {}, last_good: {} }],
    'fallback[0]: must have exactly one of target',
  ],
  ['a step without one', [{ timeout: '1s' }], 'fallback[0]: must have exactly one of target'],
  [
    'two payloads',
    [{ static_reply: { text: 'a', json: 1 } }],
    'fallback[0].static_reply: must have at most one',
  ],
  [
    'bytes that are no base64',
    [{ static_reply: { data: '*' } }],
    'fallback[0].static_reply.data: must be base64',
  ],
  [
    'a wait that is none',
    [{ last_good: { max_age: '0s' } }],
    'fallback[0].last_good.max_age: must be a duration',
  ],
  ['a target of no form', [{ target: 'planet:x' }], 'fallback[0].target: must be system:ID'],
  ['nine steps', Array.from({ length: 9 }, () => ({ same_type: {} })), 'fallback: must have at most 8 items'],
])('a fallback with %s is refused with its path', (_name, fallback, told) => {
  const { error } = policyFile.safeParse({ name: 'p', fallback }, { reportInput: true });
  const issues = documentIssues(error?.issues ?? []).map(
    ({ path, message }) => `${pathText(path)}: ${message}`,
  );
  expect(issues).toEqual([expect.stringContaining(told) as string]);
});
