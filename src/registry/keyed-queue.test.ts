import { expect, test } from 'vitest';
import { KeyedQueue } from './keyed-queue.ts';

test('tasks of one key run one after the other, those of others side by side', async () => {
  const queue = new KeyedQueue();
  const log: string[] = [];
  const gates = new Map<string, () => void>();
  const task = (name: string) => async () => {
    log.push(`${name} begins`);
    await new Promise<void>((resolve) => gates.set(name, resolve));
    log.push(`${name} ends`);
    return name;
  };
  const results = [queue.run('a', task('a1')), queue.run('a', task('a2')), queue.run('b', task('b1'))];
  expect(log).toEqual(['a1 begins', 'b1 begins']);
  gates.get('a1')?.();
  expect(await results[0]).toBe('a1');
  await expect.poll(() => log).toEqual(['a1 begins', 'b1 begins', 'a1 ends', 'a2 begins']);
  gates.get('a2')?.();
  gates.get('b1')?.();
  expect(await Promise.all(results)).toEqual(['a1', 'a2', 'b1']);
});

test('a task that fails tells its own caller only and lets the next one run', async () => {
  const queue = new KeyedQueue();
  const failing = queue.run('a', async () => Promise.reject(new Error('no')));
  const next = queue.run('a', async () => 'yes');
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
  await queue.idle();
});
