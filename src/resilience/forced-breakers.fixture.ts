import { breakerKeyToString } from './breaker-key.ts';
import type { ForcedBreaker, ForcedBreakers } from './forced-breakers.ts';

/** A store in memory that can be told to fail or to hold what comes next, and that keeps its rows when the board goes. */
export function createForcedStore(rows: readonly ForcedBreaker[] = []) {
  const kept = new Map(rows.map((row) => [breakerKeyToString(row), row]));
  const calls: string[] = [];
  let fault: Error | undefined;
  let held: Promise<void> | undefined;
  const guard = async (call: string): Promise<void> => {
    calls.push(call);
    const waitFor = held;
    held = undefined;
    await waitFor;
    if (fault) throw fault;
  };
  const port: ForcedBreakers = {
    load: async () => [...kept.values()],
    save: async (forced, replaced) => {
      await guard(`save ${breakerKeyToString(forced)}`);
      for (const key of replaced) kept.delete(breakerKeyToString(key));
      kept.set(breakerKeyToString(forced), forced);
    },
    remove: async (keys) => {
      await guard(`remove ${keys.map(breakerKeyToString).join(', ')}`);
      for (const key of keys) kept.delete(breakerKeyToString(key));
    },
  };
  /** The next change waits until the function that this returns is called. */
  const hold = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    held = promise;
    return () => resolve(undefined);
  };
  return { kept, calls, port, hold, fail: (error: Error | undefined) => (fault = error) };
}
