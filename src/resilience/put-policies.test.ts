import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HubError } from '../base/error.ts';
import { createFakeClock } from '../base/fake-clock.ts';
import { PolicyBook, type PutPolicy } from './policy-book.ts';
import { policyOf } from './policy.fixture.ts';
import type { PolicySystem } from './policy-subjects.ts';
import { PutPolicies, putPoliciesMax, type PutPolicyStore } from './put-policies.ts';

/** A store in memory that counts its revisions, and can be slow or refuse. */
function createStore() {
  const rows = new Map<string, PutPolicy>();
  const state = { revision: 0, before: async (): Promise<void> => undefined };
  const store: PutPolicyStore = {
    load: async () => [...rows.values()],
    save: async (policy, updateTimeMs) => {
      await state.before();
      state.revision += 1;
      const put = { policy, updateTimeMs, etag: `r${state.revision}` };
      rows.delete(policy.name);
      rows.set(policy.name, put);
      return put;
    },
    remove: async (name) => {
      await state.before();
      rows.delete(name);
    },
  };
  return { rows, state, store };
}

function setUp(systems: readonly PolicySystem[] = []) {
  const kept = createStore();
  const clock = createFakeClock();
  const book = new PolicyBook([policyOf('configured', { types: ['t'] }, { timeoutMs: 1000 })]);
  book.setCatalogs([{ catalog: 'c', policy: policyOf('catalogued', {}, { timeoutMs: 2000 }) }]);
  const open = () => new PutPolicies({ store: kept.store, book, clock, systems: () => systems });
  return { ...kept, clock, book, puts: open(), open };
}

const message = {
  systemId: undefined,
  type: 't',
  capabilities: [],
  messageType: 'm',
  kind: 'QUERY',
  source: '',
} as const;

describe('put', () => {
  test('is durable, then in force; of equal matches it wins, the newest of several', async () => {
    const { puts, book, rows, clock } = setUp();
    const { booked } = await puts.put(policyOf('p', { types: ['t'] }, { timeoutMs: 5 }));
    expect(booked).toEqual({
      policy: policyOf('p', { types: ['t'] }, { timeoutMs: 5 }),
      etag: 'r1',
      updateTimeMs: clock.now(),
      origin: 'put',
    });
    expect(rows.get('p')?.etag).toBe('r1');
    expect(book.resolve(message).policy.timeoutMs).toBe(5);
    await puts.put(policyOf('q', { types: ['t'] }, { timeoutMs: 6 }));
    expect(book.resolve(message).policy.timeoutMs).toBe(6);
    await puts.put(policyOf('p', { types: ['t'] }, { timeoutMs: 7 }));
    expect(book.resolve(message)).toMatchObject({
      policy: { timeoutMs: 7 },
      matched: ['p', 'q', 'configured', 'catalogued'],
    });
  });

  test('comes back after a restart, in the same order', async () => {
    const { puts, open, book } = setUp();
    for (const name of ['z', 'b', 'z']) await puts.put(policyOf(name, {}, { timeoutMs: 5 }));
    const before = book.policies;
    book.setPuts([]);
    const again = open();
    await again.load();
    expect(book.policies).toEqual(before);
    await expect(again.put(policyOf('z', {}, {}), { etag: 'r3' })).resolves.toMatchObject({
      booked: { etag: 'r4' },
    });
  });

  test('with validate_only checks everything and changes nothing', async () => {
    const { puts, book, rows, state } = setUp();
    const { booked } = await puts.put(policyOf('p', {}, { timeoutMs: 5 }), { validateOnly: true });
    expect(booked).toEqual({ policy: policyOf('p', {}, { timeoutMs: 5 }), origin: 'put' });
    await expect(puts.put(policyOf('configured'), { validateOnly: true })).rejects.toMatchObject({
      reason: 'POLICY_OWNED',
    });
    await expect(puts.put(policyOf('p'), { etag: 'x', validateOnly: true })).rejects.toMatchObject({
      reason: 'ETAG_MISMATCH',
    });
    expect([rows.size, state.revision, book.policies.length]).toEqual([0, 0, 2]);
  });

  test.each<[string, string, string]>([
    ['configured', 'configuration', 'the configuration'],
    ['catalogued', 'catalog:c', 'the catalog c'],
  ])('of %s is refused, with who has it', async (name, owner, where) => {
    const { puts } = setUp();
    for (const refused of [puts.put(policyOf(name)), puts.delete(name)]) {
      await expect(refused).rejects.toMatchObject({
        reason: 'POLICY_OWNED',
        metadata: { name, owner },
        message: expect.stringContaining(where) as string,
      });
    }
  });

  test('goes by the etag: whatever, none yet, or this one', async () => {
    const { puts } = setUp();
    const put = (etag: string) =>
      puts.put(policyOf('p', {}, { timeoutMs: 5 }), { etag }).then(({ booked }) => booked.etag);
    const mismatch = { reason: 'ETAG_MISMATCH' };
    await expect(put('r1')).rejects.toMatchObject(mismatch);
    expect(await put('*')).toBe('r1');
    await expect(put('*')).rejects.toMatchObject({ ...mismatch, metadata: { current_etag: 'r1' } });
    expect(await put('r1')).toBe('r2');
    await expect(put('r1')).rejects.toMatchObject({
      ...mismatch,
      metadata: { etag: 'r1', current_etag: 'r2' },
    });
    expect(await put('')).toBe('r3');
    await expect(puts.delete('p', { etag: 'r2' })).rejects.toMatchObject(mismatch);
    await expect(puts.delete('p', { etag: '*' })).rejects.toMatchObject(mismatch);
    await puts.delete('p', { etag: 'r3' });
    await expect(puts.delete('p')).rejects.toMatchObject({ reason: 'POLICY_NOT_FOUND' });
  });

  test('of one more than allowed is refused; replacing is not', async () => {
    const { puts } = setUp();
    for (let at = 0; at < putPoliciesMax; at += 1) await puts.put(policyOf(`p${at}`, { types: ['x'] }));
    await expect(puts.put(policyOf('more'))).rejects.toMatchObject({ reason: 'POLICY_LIMIT' });
    await puts.put(policyOf('p7', {}, { timeoutMs: 5 }));
    await puts.delete('p8');
    await puts.put(policyOf('more'));
  });

  test('changes nothing when the store refuses, and the next one goes on', async () => {
    const { puts, book, state } = setUp();
    state.before = async () => {
      throw new HubError({ reason: 'STORE_UNAVAILABLE', message: 'the disk is full' });
    };
    await expect(puts.put(policyOf('p', {}, { timeoutMs: 5 }))).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
    });
    expect(book.get('p')).toBeUndefined();
    state.before = async () => undefined;
    await puts.put(policyOf('p', {}, { timeoutMs: 5 }));
    expect(book.require('p').etag).toBe('r1');
  });

  test('says what may surprise', async () => {
    const { puts } = setUp();
    const { warnings } = await puts.put(policyOf('p', { types: ['t'] }, { timeoutMs: 5 }));
    expect(warnings).toEqual(['no registered system matches it now']);
  });
});

describe('delete', () => {
  test('says what falls back to what, and changes nothing with validate_only', async () => {
    const { puts, book, rows } = setUp();
    await puts.put(policyOf('p', { types: ['t'] }, { timeoutMs: 5, panic: false, retry: { attempts: 9 } }));
    const changes = [
      { field: 'timeoutMs', before: 5, after: 1000, from: 'configured' },
      { field: 'retry.attempts', before: 9, after: 3, from: 'default' },
      { field: 'panic', before: false, after: true, from: 'default' },
    ];
    expect(await puts.delete('p', { validateOnly: true })).toEqual(changes);
    expect([rows.size, book.resolve(message).policy.timeoutMs]).toEqual([1, 5]);
    expect(await puts.delete('p')).toEqual(changes);
    expect([rows.size, book.resolve(message).policy.timeoutMs]).toEqual([0, 1000]);
  });

  test('of one that waits behind the configuration goes without a change', async () => {
    const { puts, book, rows } = setUp();
    await puts.put(policyOf('p', {}, { timeoutMs: 5 }));
    book.setConfiguration([policyOf('p', {}, { timeoutMs: 1 })]);
    await expect(puts.put(policyOf('p'))).rejects.toMatchObject({ reason: 'POLICY_OWNED' });
    expect(await puts.delete('p')).toEqual([]);
    expect([rows.size, book.require('p').origin]).toEqual([0, 'configuration']);
    await expect(puts.delete('p')).rejects.toMatchObject({ reason: 'POLICY_OWNED' });
  });
});

test('changes that come together are made one after the other, whatever the store takes its time for', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.tuple(fc.constantFrom('put', 'delete', 'create'), fc.constantFrom('a', 'b')), {
        maxLength: 12,
      }),
      async (scheduler, asked) => {
        const { puts, state, rows, book } = setUp();
        let writing = 0;
        state.before = async () => {
          writing += 1;
          expect(writing).toBe(1);
          await scheduler.schedule(Promise.resolve());
          writing -= 1;
        };
        const model = new Map<string, number>();
        const results = asked.map(async ([action, name], index) => {
          const policy = policyOf(name, {}, { timeoutMs: index + 1 });
          const act =
            action === 'delete'
              ? puts.delete(name)
              : puts.put(policy, action === 'create' ? { etag: '*' } : {});
          return act.then(
            () => 'done',
            (error: unknown) => (error as HubError).reason,
          );
        });
        const expected = asked.map(([action, name], index) => {
          if (action === 'delete') return model.delete(name) ? 'done' : 'POLICY_NOT_FOUND';
          if (action === 'create' && model.has(name)) return 'ETAG_MISMATCH';
          model.set(name, index + 1);
          return 'done';
        });
        await scheduler.waitFor(Promise.all(results));
        expect(await Promise.all(results)).toEqual(expected);
        const kept = (
          policies: Iterable<{ readonly name: string; readonly timeoutMs?: number | undefined }>,
        ) => new Map([...policies].map(({ name, timeoutMs }) => [name, timeoutMs]));
        expect(kept([...rows.values()].map(({ policy }) => policy))).toEqual(model);
        expect(kept(book.policies.filter(({ name }) => name.length === 1))).toEqual(model);
      },
    ),
  );
});
