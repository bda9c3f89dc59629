import type { AttemptResult } from '../../base/transport.ts';
import type { ConnectFault } from '../connect-fault.ts';
import { UpgradeRefused } from './upgrade.ts';

/** The result of a call that found no connection: nothing was sent. */
export function unsentVerdict(fault: ConnectFault, shown: string): AttemptResult {
  const refused = fault instanceof UpgradeRefused ? fault : undefined;
  return {
    verdict: 'NOT_REACHED',
    reason: fault.reason,
    status: refused?.status ?? '',
    detail: `${shown}: ${fault.message}`,
    ...(refused?.retryAfterMs === undefined ? {} : { retryAfterMs: refused.retryAfterMs }),
  };
}
