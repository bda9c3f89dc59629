import { equals } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { SystemSchema } from '#gen/switchyard/registry/v1/system_pb.js';
import { messageKinds, repeatSafeties } from '../base/message.ts';
import { protocols } from '../base/transport.ts';
import { balanceStrategies, repeatScopes } from '../resilience/policy.ts';
import { retryableReasons } from '../resilience/retry-conditions.ts';
import { policyFile } from './policy-file.ts';
import { policyToProto, policyToSettings } from './policy-proto.ts';
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

const policies = partial(
  { name: slug },
  {
    match: partial(
      {},
      { types: fc.array(slug, { maxLength: 2 }), kinds: fc.array(some(messageKinds), { maxLength: 2 }) },
    ),
    timeout: seconds,
    attempt_timeout: seconds,
    retry: partial(
      { attempts: fc.integer({ min: 1, max: 100 }) },
      {
        initial_delay: fc.constantFrom('0ms', '250ms', '1.5s'),
        factor: fc.constantFrom(1, 1.5),
        on: fc.array(some(retryableReasons)),
      },
    ),
    repeat_safety: some(repeatSafeties),
    repeat_scope: some(repeatScopes),
    breaker: partial(
      { consecutive_failures: fc.integer({ min: 0, max: 100 }), failure_rate: fc.constantFrom(0, 0.25, 1) },
      {
        minimum_calls: fc.integer({ min: 1, max: 10 }),
        window: seconds,
        open_for: seconds,
        half_open_calls: fc.constant(2),
      },
    ),
    balance: some(balanceStrategies),
    panic: fc.boolean(),
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

test('a policy told in the form of a file is the same policy when read again', () => {
  fc.assert(
    fc.property(policies, (written) => {
      const policy = policyToProto(policyFile.parse(written));
      expect(equals(PolicySchema, policyToProto(policyFile.parse(policyToSettings(policy))), policy)).toBe(
        true,
      );
    }),
  );
});
