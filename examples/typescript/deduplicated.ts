/**
 * Runs a task once for each key: a key that comes again gets the first one's result, also while it still runs. A task that
 * fails is forgotten, so that it can be tried again. Keeps the newest `keysMax` keys in memory; a system whose work must
 * not be done twice after a restart either keeps them in the database that it works on, in the same transaction.
 */
export function createDeduplicated<T>(keysMax = 10_000) {
  const results = new Map<string, Promise<T>>();
  return (key: string, task: () => Promise<T>): Promise<T> => {
    const earlier = results.get(key);
    if (earlier !== undefined) return earlier;
    const result = task();
    results.set(key, result);
    result.catch(() => results.delete(key));
    const [oldest] = results.keys();
    if (results.size > keysMax && oldest !== undefined) results.delete(oldest);
    return result;
  };
}
