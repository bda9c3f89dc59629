import { timestampMs } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { createFakeClock } from '../base/fake-clock.ts';
import { PolicyBook } from '../resilience/policy-book.ts';
import { policyOf } from '../resilience/policy.fixture.ts';
import { PutPolicies, type PutPolicyStore } from '../resilience/put-policies.ts';
import type { ServiceDefinition } from './call.ts';
import { callUnary, violations } from './handler-call.fixture.ts';
import { createPolicyHandlers } from './policy-handlers.ts';
import { resilienceRequestSchemas } from './resilience-requests.ts';

const { listPolicies, getPolicy, putPolicy, deletePolicy } = ResilienceService.method;

function setUp() {
  const clock = createFakeClock();
  const book = new PolicyBook([policyOf('configured', { types: ['t'] }, { timeoutMs: 1500 })]);
  let revision = 0;
  const store: PutPolicyStore = {
    load: async () => [],
    save: async (policy, updateTimeMs) => ({ policy, updateTimeMs, etag: `r${(revision += 1)}` }),
    remove: async () => undefined,
  };
  const putPolicies = new PutPolicies({ store, book, clock, systems: () => [] });
  const service = {
    service: ResilienceService,
    schemas: resilienceRequestSchemas,
    handlers: createPolicyHandlers({ policies: book, putPolicies }),
  } as unknown as ServiceDefinition;
  return { clock, book, putPolicies, service };
}

describe('PutPolicy', () => {
  test('answers with the policy as it is in force, its etag and time, and warnings', async () => {
    const { service, clock } = setUp();
    const put = await callUnary(service, putPolicy, {
      policy: {
        name: 'p',
        match: { types: ['t'] },
        retry: { attempts: 4 },
        origin: 'forged',
        etag: 'forged',
      },
    });
    expect(put).toMatchObject({
      policy: { name: 'p', match: { types: ['t'] }, retry: { attempts: 4 }, origin: 'put', etag: 'r1' },
      warnings: ['no registered system matches it now'],
    });
    expect(timestampMs(put.policy!.updateTime!)).toBe(clock.now());
    expect((await callUnary(service, getPolicy, { name: 'p' })).policy).toEqual(put.policy);
  });

  test('with validate_only gives neither etag nor time, and nothing is there', async () => {
    const { service } = setUp();
    const { policy } = await callUnary(service, putPolicy, {
      policy: { name: 'p', panic: false },
      validateOnly: true,
    });
    expect(policy).toMatchObject({ name: 'p', panic: false, origin: 'put', etag: '' });
    expect(policy?.updateTime).toBeUndefined();
    await expect(callUnary(service, getPolicy, { name: 'p' })).rejects.toMatchObject({
      reason: 'POLICY_NOT_FOUND',
    });
  });
});

describe('DeletePolicy', () => {
  test('tells values as catalogs spell them', async () => {
    const { service } = setUp();
    await callUnary(service, putPolicy, {
      policy: {
        name: 'p',
        match: { types: ['t'] },
        timeout: { seconds: 5n },
        repeatSafety: RepeatSafety.SAFE,
        fallback: [{ step: { case: 'target', value: { target: { case: 'type', value: 'u' } } } }],
      },
    });
    const { changes } = await callUnary(service, deletePolicy, { name: 'p', etag: 'r1' });
    expect(changes).toMatchObject([
      { field: 'timeout', before: '5s', after: '1500ms', from: 'configured' },
      { field: 'repeat_safety', before: 'SAFE', after: '', from: 'default' },
      { field: 'fallback', before: '[{"target":"type:u"}]', after: '[]', from: 'default' },
    ]);
  });
});

test('ListPolicies shows all of them in order of names, page by page', async () => {
  const { service } = setUp();
  for (const name of ['a', 'z']) await callUnary(service, putPolicy, { policy: { name } });
  const first = await callUnary(service, listPolicies, { pageSize: 2 });
  expect(first.policies.map(({ name, origin }) => `${name} ${origin}`)).toEqual([
    'a put',
    'configured configuration',
  ]);
  const second = await callUnary(service, listPolicies, { pageSize: 2, pageToken: first.nextPageToken });
  expect([second.policies.map(({ name }) => name), second.nextPageToken]).toEqual([['z'], '']);
});

test('ListPolicies brings into form what is on the page, and not all that there are', async () => {
  let shown = 0;
  const policies = Array.from({ length: 50 }, (_, place) => {
    const policy = policyOf(`p${10 + place}`, {}, {});
    // Every field of a policy that is brought into form is asked for.
    Object.defineProperty(policy, 'fallback', { get: () => void (shown += 1) });
    return { policy, origin: 'configuration' };
  });
  const handlers = createPolicyHandlers({
    policies: { list: () => policies, require: () => policies[0]! },
    putPolicies: setUp().putPolicies,
  });
  const service = { service: ResilienceService, schemas: resilienceRequestSchemas, handlers };
  const request = { pageSize: 2 };
  const page = await callUnary(service as unknown as ServiceDefinition, listPolicies, request);
  expect(page.policies.map(({ name }) => name)).toEqual(['p10', 'p11']);
  expect(shown).toBe(3);
});

test('the rules report everything at once, within the policy too', () => {
  const { service } = setUp();
  const fields = (found: readonly string[]): string[] => found.map((text) => text.split(': ')[0] ?? '');
  expect(fields(violations(service, putPolicy, { etag: 'a b' }))).toEqual(['policy', 'etag']);
  expect(
    fields(
      violations(service, putPolicy, {
        policy: { name: 'NO', match: { systemIds: ['*'] }, limits: { callerRate: { burst: 0 } } },
      }),
    ),
  ).toEqual([
    'policy.name',
    'policy.match.system_ids[0]',
    'policy.limits.caller_rate.burst',
    'policy.limits.caller_rate.burst',
  ]);
  expect(fields(violations(service, deletePolicy, { etag: 'ä' }))).toEqual(['name', 'etag']);
});
