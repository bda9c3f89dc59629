import { messageOf } from '../base/error.ts';
import { findRoute } from '../base/route.ts';
import { SecretUnavailable } from '../base/secrets.ts';
import type { AttemptReason, AttemptResult, Endpoint } from '../base/transport.ts';
import { ConnectFault } from './connect-fault.ts';
import { TlsIdentityFault } from './tls-identity.ts';
import { UnsentFault } from './unsent-fault.ts';

/**
 * The operation of the route that fits a message type, read by `parse`; undefined when the interface has no routes.
 * Throws {@link UnsentFault} when it has some and none fits.
 */
export function operationFor<T>(
  { routes }: Endpoint,
  messageType: string,
  parse: (operation: Readonly<Record<string, unknown>>) => T,
): T | undefined {
  const route = findRoute(routes, messageType);
  if (route !== undefined) return parse(route.operation);
  if (routes.length === 0) return undefined;
  throw new UnsentFault('mapping_failed', `no route of the interface fits the message type ${messageType}`);
}

/**
 * The result of an attempt that ended before a byte of it was given to a connected socket: NOT_REACHED. `shown` names
 * the target. What is no known fault is a bug, which may have come later, and is thrown on.
 */
export function unsentResult(thrown: unknown, shown: string): AttemptResult {
  const reason = reasonOf(thrown);
  if (reason === undefined) throw thrown;
  return { verdict: 'NOT_REACHED', reason, status: '', detail: `${shown}: ${messageOf(thrown)}` };
}

function reasonOf(thrown: unknown): AttemptReason | undefined {
  if (thrown instanceof ConnectFault || thrown instanceof UnsentFault) return thrown.reason;
  if (thrown instanceof TlsIdentityFault || thrown instanceof SecretUnavailable) return 'misconfigured';
  return undefined;
}
