import { UsageError } from './usage-error.ts';

/** A generated enum: names to numbers and back. */
type GeneratedEnum<Value extends number> = Readonly<Record<string, Value | string>>;

/** The short name of an enum's value, `UNHEALTHY`; `-` for the unset one, the number for one this version does not know. */
export function enumName(values: Readonly<Record<number, string>>, value: number): string {
  if (value === 0) return '-';
  return values[value] ?? String(value);
}

/** The value that a short name means, in either case. Throws UsageError that lists the names. */
export function parseEnum<Value extends number>(
  values: GeneratedEnum<Value>,
  what: string,
  text: string,
): Value {
  const value = values[text.toUpperCase().replaceAll('-', '_')];
  if (typeof value === 'number' && value !== 0) return value;
  const names = Object.entries(values)
    .filter(([, number]) => typeof number === 'number' && number !== 0)
    .map(([name]) => name.toLowerCase());
  throw new UsageError(`"${text}" is not a ${what}: one of ${names.join(', ')}`);
}
