import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HubError } from '../base/error.ts';
import { createFakeClock } from '../base/fake-clock.ts';
import { delivered, minute, patient, question, reply, textOf } from './reply-cache.fixture.ts';
import type { Delivered } from './delivery.ts';
import { ReplyCache, replyBytesMaxDefault } from './reply-cache.ts';

/** What a caller does, in whatever order the scheduler likes. */
interface Caller {
  readonly account: number;
  readonly sender: string;
  /** How a delivery of its own would end. */
  readonly fate: 'reply' | 'no-store' | 'failure';
  /** It goes away at some time. */
  readonly leaves: boolean;
}

const caller: fc.Arbitrary<Caller> = fc.record({
  account: fc.nat(1),
  sender: fc.constantFrom('alice', 'bob'),
  fate: fc.constantFrom('reply' as const, 'reply' as const, 'no-store' as const, 'failure' as const),
  leaves: fc.boolean(),
});

/*
 * Callers ask two questions as two principals, leave, fail and invalidate in any order. Each delivery's reply names its
 * question, its principal and its number, so that whatever a caller gets can be traced back.
 */
test('however calls, departures and invalidations meet, everybody gets an answer to their own question', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(caller, { minLength: 1, maxLength: 8 }),
      fc.nat(2),
      async (scheduler, callers, invalidations) => {
        const cache = new ReplyCache({ clock: createFakeClock(), bytesMax: replyBytesMaxDefault });
        /** Deliveries under way by question and principal, of the present generation. */
        const underWay = new Map<string, Set<number>>();
        /** Deliveries that were begun before an invalidation. */
        const outdated = new Set<number>();
        let deliveries = 0;
        const ends: Promise<void>[] = [];

        const invalidate = (): void => {
          cache.invalidate({ messageTypes: [], target: undefined, all: true });
          for (let number = 1; number <= deliveries; number += 1) outdated.add(number);
          underWay.clear();
        };
        for (let at = 0; at < invalidations; at += 1) {
          ends.push(scheduler.schedule(Promise.resolve(), 'invalidate').then(invalidate));
        }
        for (const { account, sender, fate, leaves } of callers) {
          const whose = `${account} ${sender}`;
          const leaving = new AbortController();
          if (leaves) {
            const leave = scheduler.schedule(Promise.resolve(), 'leave');
            ends.push(leave.then(() => leaving.abort(new Error('left'))));
          }
          const deliver = async (): Promise<Delivered> => {
            deliveries += 1;
            const number = deliveries;
            const beside = underWay.get(whose) ?? new Set();
            underWay.set(whose, beside.add(number));
            // Single flight.
            expect(beside.size).toBe(1);
            const gone = new Promise<never>((_, reject) => {
              const end = (): void => reject(new HubError({ reason: 'CANCELLED', message: 'cancelled' }));
              if (leaving.signal.aborted) end();
              else leaving.signal.addEventListener('abort', end);
            });
            gone.catch(() => undefined);
            try {
              await Promise.race([scheduler.schedule(Promise.resolve(), 'deliver'), gone]);
            } finally {
              beside.delete(number);
            }
            if (fate === 'failure') throw new HubError({ reason: 'TARGET_FAILED', message: whose });
            const headers = fate === 'no-store' ? { 'cache-control': 'no-store' } : undefined;
            return delivered(reply(`${whose} ${number}`, headers));
          };
          const call = async (): Promise<void> => {
            const outdatedBefore = new Set(outdated);
            try {
              const { signal } = leaving;
              const ask = question({ text: String(account), sender });
              const got = await cache.serve(ask, minute, patient({ signal }), deliver);
              const [, gotWhose, number] = /^(.*) (\d+)$/.exec(textOf(got.reply)) ?? [];
              expect(gotWhose).toBe(whose);
              // Nothing from before an invalidation for those who ask after it.
              expect(outdatedBefore.has(Number(number))).toBe(false);
            } catch (error) {
              if (error instanceof HubError && error.reason === 'TARGET_FAILED')
                expect(error.message).toBe(whose);
              // Nobody ends because another left.
              else if (!(leaves && isDeparture(error))) throw error;
            }
          };
          ends.push(scheduler.schedule(Promise.resolve(), 'call').then(call));
        }
        // Everybody's call ends: nothing waits for what will not come.
        await scheduler.waitFor(Promise.all(ends));
        for (const beside of underWay.values()) expect(beside.size).toBe(0);

        const before = deliveries;
        for (const { account, sender } of callers) {
          const ask = question({ text: String(account), sender });
          const last = await cache.serve(ask, minute, patient(), async () => delivered(reply('new')));
          if (last.own === undefined) {
            expect(outdated.has(Number(textOf(last.reply).split(' ').at(-1)))).toBe(false);
          }
        }
        expect(deliveries).toBe(before);
      },
    ),
    { numRuns: 300 },
  );
});

function isDeparture(error: unknown): boolean {
  return error instanceof HubError ? error.reason === 'CANCELLED' : (error as Error).message === 'left';
}
