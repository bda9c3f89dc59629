import type { z } from 'zod';
import { UnsentFault } from './unsent-fault.ts';

/**
 * A parser that remembers what it made of an object as long as somebody holds it: records are checked at
 * registration and read at each call. Throws {@link UnsentFault} for what a newer schema refuses.
 */
export function parsedOnce<T>(
  what: string,
  schemaOf: (value: Readonly<Record<string, unknown>>) => z.ZodType<T>,
): (value: Readonly<Record<string, unknown>>) => T {
  const known = new WeakMap<object, T>();
  return (value) => {
    const before = known.get(value);
    if (before !== undefined) return before;
    const checked = schemaOf(value).safeParse(value);
    if (!checked.success) {
      const [issue] = checked.error.issues;
      throw new UnsentFault(
        'misconfigured',
        `${[what, ...(issue?.path ?? []).map(String)].join('.')}: ${issue?.message ?? 'not valid'}; register the system again`,
      );
    }
    known.set(value, checked.data);
    return checked.data;
  };
}
