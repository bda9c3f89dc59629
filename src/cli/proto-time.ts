import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { formatDuration, formatTimeOfDay } from './duration.ts';

/** A duration for people; `-` when unset. */
export function durationText(duration: Duration | undefined): string {
  // Not durationMs: it rounds to whole milliseconds, and a call may take less than one.
  return duration === undefined
    ? '-'
    : formatDuration(Number(duration.seconds) * 1000 + duration.nanos / 1e6);
}

/** How long ago an instant was, for people; `-` when unset. */
export function sinceText(time: Timestamp | undefined, nowMs: number): string {
  return time === undefined ? '-' : formatDuration(nowMs - timestampMs(time));
}

/** How long until an instant, for people: `in 12 s`, `now` when it has passed, `-` when unset. */
export function untilText(time: Timestamp | undefined, nowMs: number): string {
  if (time === undefined) return '-';
  const ms = timestampMs(time) - nowMs;
  return ms <= 0 ? 'now' : `in ${formatDuration(ms)}`;
}

/** The local time of day; `now` decides when unset. */
export function timeOfDayText(time: Timestamp | undefined, nowMs: number): string {
  return formatTimeOfDay(time === undefined ? nowMs : timestampMs(time));
}

/** Date and time in ISO form, UTC; empty when unset. */
export function instantText(time: Timestamp | undefined): string {
  return time === undefined ? '' : new Date(timestampMs(time)).toISOString();
}
