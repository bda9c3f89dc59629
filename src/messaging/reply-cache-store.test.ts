import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reply, textOf } from './reply-cache.fixture.ts';
import { type KeptReply, ReplyStore } from './reply-cache-store.ts';

function kept(text: string, messageType = 't'): KeptReply {
  return { reply: reply(text), messageType, target: 'system:a', timeMs: 0, freshForMs: 1, mayBeStale: true };
}

/** What one reply with a key of one character takes beside its bytes. */
function overhead(): number {
  const store = new ReplyStore(1_000_000);
  store.set('k', kept(''));
  return store.bytes;
}

describe('the room', () => {
  test('counts payload, headers and overhead, and comes back with what is deleted', () => {
    const store = new ReplyStore(1_000_000);
    store.set('k', kept('12345'));
    expect(store.bytes).toBe(overhead() + 5);
    store.set('k', { ...kept('12345'), reply: reply('12345', { ab: 'cd' }) });
    expect(store.bytes).toBe(overhead() + 5 + 8);
    store.delete('k');
    expect([store.bytes, store.size]).toEqual([0, 0]);
  });

  test('goes to the one that was used last', () => {
    const store = new ReplyStore(10 * overhead());
    for (const key of '0123456789') store.set(key, kept(''));
    store.touch('0');
    store.peek('1');
    store.set('a', kept(''));
    expect(['0', '1', 'a'].map((key) => store.peek(key) !== undefined)).toEqual([true, false, true]);
  });

  test('is not for one that takes more than an eighth of it; what it was before is forgotten', () => {
    const room = 8 * overhead();
    const store = new ReplyStore(room);
    store.set('k', kept(''));
    expect(store.size).toBe(1);
    store.set('k', kept('1'));
    expect(store.size).toBe(0);
  });

  test('can become smaller, and nothing', () => {
    const store = new ReplyStore(10 * overhead());
    for (const key of '0123456789') store.set(key, kept(''));
    store.resize(8 * overhead());
    expect(['1', '2'].map((key) => store.peek(key) !== undefined)).toEqual([false, true]);
    store.resize(0);
    expect([store.bytes, store.size]).toEqual([0, 0]);
    store.set('k', kept(''));
    expect(store.size).toBe(0);
  });

  test('holds bytes of its own, not the buffer that they were read into', () => {
    const store = new ReplyStore(1_000_000);
    const buffer = new Uint8Array(65_536);
    store.set('k', { ...kept(''), reply: { ...reply(''), data: buffer.subarray(10, 13) } });
    expect(store.peek('k')?.reply.data.buffer.byteLength).toBe(3);
  });
});

describe('against a list that does the same slowly', () => {
  type Step =
    | { readonly do: 'set'; readonly key: string; readonly length: number }
    | { readonly do: 'touch'; readonly key: string }
    | { readonly do: 'delete'; readonly key: string }
    | { readonly do: 'resize'; readonly bytesMax: number }
    | { readonly do: 'deleteType'; readonly messageType: string };
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l');
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('set' as const), key, length: fc.nat(700) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom<'touch' | 'delete'>('touch', 'delete'), key }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('resize' as const), bytesMax: fc.nat(9000) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('deleteType' as const),
        messageType: fc.constantFrom('0', '1'),
      }),
    },
  );
  const base = overhead();

  test('it holds the same replies', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let bytesMax = 6000;
        const store = new ReplyStore(bytesMax);
        /** Least recently used first. */
        let model: { key: string; length: number }[] = [];
        const total = (): number => model.reduce((sum, { length }) => sum + length + base, 0);
        for (const each of steps) {
          if (each.do === 'set') {
            store.set(each.key, kept('x'.repeat(each.length), String(each.length % 2)));
            model = model.filter((entry) => entry.key !== each.key);
            if (each.length + base <= bytesMax / 8) model.push(each);
          } else if (each.do === 'touch') {
            store.touch(each.key);
            const found = model.find((entry) => entry.key === each.key);
            if (found !== undefined) model = [...model.filter((entry) => entry !== found), found];
          } else if (each.do === 'delete') {
            store.delete(each.key);
            model = model.filter((entry) => entry.key !== each.key);
          } else if (each.do === 'resize') {
            bytesMax = each.bytesMax;
            store.resize(bytesMax);
          } else {
            const left = model.filter(({ length }) => String(length % 2) !== each.messageType);
            const count = store.deleteWhere(({ messageType }) => messageType === each.messageType);
            expect(count).toBe(model.length - left.length);
            model = left;
          }
          while (total() > bytesMax) model.shift();
          expect([store.size, store.bytes]).toEqual([model.length, total()]);
          for (const entry of model) {
            expect(textOf(store.peek(entry.key)?.reply ?? reply('?'))).toHaveLength(entry.length);
          }
        }
      }),
    );
  });
});
