import { z } from 'zod';

/** One status (`404`) or a hundred of them (`2xx`). */
const statusRange = z.union([
  z.int().min(200).max(599),
  z.string().regex(/^(?:[2-5]xx|[2-5][0-9]{2})$/, 'must be a status such as 404, or a range such as 2xx'),
]);

/** A list of statuses of an operation. */
export const statusList = z.array(statusRange).min(1).max(50);

export type StatusList = z.output<typeof statusList>;

/** Whether a status is in a list. */
export function isAmong(status: number, list: StatusList): boolean {
  return list.some((range) =>
    typeof range === 'string' && range.endsWith('xx')
      ? Math.floor(status / 100) === Number(range[0])
      : status === Number(range),
  );
}
