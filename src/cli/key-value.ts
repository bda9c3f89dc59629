import { UsageError } from './usage-error.ts';

/** Reads options of the form `key=value` into a record. A key given twice is refused. */
export function parseKeyValues(option: string, pairs: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`${option} "${pair}": write key=value`);
    const key = pair.slice(0, at);
    if (Object.hasOwn(record, key)) throw new UsageError(`${option} "${key}" is given twice`);
    record[key] = pair.slice(at + 1);
  }
  return record;
}
