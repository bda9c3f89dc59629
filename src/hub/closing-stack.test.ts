import { expect, test } from 'vitest';
import { ClosingStack } from './closing-stack.ts';

test('closes in reverse order, goes on after a fault, and closes once only', async () => {
  const stack = new ClosingStack();
  const log: string[] = [];
  stack.defer('first', () => void log.push('first'));
  stack.defer('second', async () => {
    log.push('second');
    throw new Error('stuck');
  });
  stack.defer('third', async () => void log.push('third'));
  const faults: string[] = [];
  const onFault = (name: string): void => void faults.push(name);
  await Promise.all([stack.close(onFault), stack.close(onFault)]);
  expect(log).toEqual(['third', 'second', 'first']);
  expect(faults).toEqual(['second']);
});
