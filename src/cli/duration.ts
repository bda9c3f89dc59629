import { UsageError } from './usage-error.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A duration as people write it, in ms: a number and a unit (`500ms`, `10s`, `1.5m`, `2h`, `1d`). A number without
 * a unit is refused, because nobody can tell which one was meant. At least 1 ms, at most 30 days.
 */
export function parseDurationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  const unit = unitMs[match?.[2] ?? ''];
  if (match === null || unit === undefined) {
    throw new UsageError(
      `"${text}" is not a duration: write a number and a unit, such as 500ms, 10s, 5m, 2h or 1d`,
    );
  }
  const ms = Math.round(Number(match[1]) * unit);
  if (ms < 1 || ms > 30 * 86_400_000) throw new UsageError(`"${text}" is out of range: 1ms to 30d`);
  return ms;
}

/** A duration for people, two significant steps at most: `0.4 ms`, `12 ms`, `1.5 s`, `2 m 5 s`, `3 h 20 m`, `4 d`. */
export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((Math.floor(ms / 100) / 10).toFixed(1))} s`;
  if (ms < 3_600_000) return pair(ms, 60_000, 'm', 1000, 's');
  if (ms < 86_400_000) return pair(ms, 3_600_000, 'h', 60_000, 'm');
  return pair(ms, 86_400_000, 'd', 3_600_000, 'h');
}

/** The local time of day of an instant (epoch ms): `14:03:09`. */
export function formatTimeOfDay(timeMs: number): string {
  const date = new Date(timeMs);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

function pair(ms: number, largeMs: number, large: string, smallMs: number, small: string): string {
  const whole = Math.floor(ms / largeMs);
  const rest = Math.floor((ms - whole * largeMs) / smallMs);
  return rest === 0 ? `${whole} ${large}` : `${whole} ${large} ${rest} ${small}`;
}
