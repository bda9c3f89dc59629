import { describe, expect, test } from 'vitest';
import { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import type { ReplyFilter } from '../messaging/reply-cache.ts';
import type { ServiceDefinition } from './call.ts';
import { callUnary, violations } from './handler-call.fixture.ts';
import { createReplyHandlers } from './reply-handlers.ts';
import { resilienceRequestSchemas } from './resilience-requests.ts';

const { invalidateReplies } = ResilienceService.method;
const ledger = { target: { case: 'type' as const, value: 'ledger' } };

function setUp() {
  const asked: ReplyFilter[] = [];
  const invalidate = (filter: ReplyFilter): number => asked.push(filter);
  const service: ServiceDefinition = {
    service: ResilienceService,
    schemas: resilienceRequestSchemas,
    handlers: createReplyHandlers({ replies: { invalidate } }) as unknown as ServiceDefinition['handlers'],
  };
  return { asked, service };
}

describe('InvalidateReplies', () => {
  test('forgets what the request names, and says how much that was', async () => {
    const { asked, service } = setUp();
    const answer = await callUnary(service, invalidateReplies, { messageTypes: ['rates'], target: ledger });
    expect(answer.forgotten).toBe(1);
    await callUnary(service, invalidateReplies, { all: true });
    expect(asked).toEqual([
      { messageTypes: ['rates'], target: { by: 'type', type: 'ledger' }, all: false },
      { messageTypes: [], target: undefined, all: true },
    ]);
  });

  test.each([
    [{}, ['all: must be true unless message_types or target is set; found false']],
    [
      { all: true, messageTypes: ['rates'] },
      ['all: must be unset beside message_types and target, which name some of them; found true'],
    ],
    [{ messageTypes: ['Rates'] }, [expect.stringMatching(/^message_types\[0\]: must be/)]],
    [{ target: {} }, [expect.stringMatching(/^target: .*exactly one of/)]],
  ])('refuses %j', (request, found) => {
    expect(violations(setUp().service, invalidateReplies, request)).toEqual(found);
  });
});
