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

test('a task that runs alone waits for all before it, and all after it wait for it', async () => {
  const queue = new KeyedQueue();
  const log: string[] = [];
  const gates = new Map<string, () => void>();
  const task = (name: string) => async () => {
    log.push(`${name} begins`);
    await new Promise<void>((resolve) => gates.set(name, resolve));
    log.push(`${name} ends`);
  };
  const open = async (name: string): Promise<void> => {
    await expect.poll(() => gates.has(name)).toBe(true);
    gates.get(name)?.();
  };
  void queue.run('a', task('a1'));
  void queue.run('b', task('b1'));
  void queue.runAlone(task('alone1'));
  void queue.run('a', task('a2'));
  void queue.runAlone(task('alone2'));
  void queue.run('b', task('b2'));
  void queue.run('c', task('c1'));
  for (const name of ['b1', 'a1', 'alone1', 'a2', 'alone2', 'c1', 'b2']) await open(name);
  await queue.idle();
  expect(log).toEqual([
    'a1 begins',
    'b1 begins',
    'b1 ends',
    'a1 ends',
    'alone1 begins',
    'alone1 ends',
    'a2 begins',
    'a2 ends',
    'alone2 begins',
    'alone2 ends',
    'b2 begins',
    'c1 begins',
    'c1 ends',
    'b2 ends',
  ]);
  // Nothing is left over: the next one begins at once.
  void queue.run('a', task('a3'));
  expect(log.at(-1)).toBe('a3 begins');
  await open('a3');
});
