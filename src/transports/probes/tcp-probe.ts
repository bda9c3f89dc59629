import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/error.ts';
import type { Endpoint } from '../../base/transport.ts';
import type { Egress } from '../egress.ts';
import { parseAnyUri } from '../target-address.ts';
import type { Finding, ProbeOptions } from './finding.ts';

/** Opens a TCP connection to the host and port of the URI, and closes it: alive when it opens. No TLS. */
export async function probeTcp(
  endpoint: Endpoint,
  egress: Egress,
  { clock, deadlineMs, signal }: ProbeOptions & { readonly clock: Clock },
): Promise<Finding> {
  const parsed = parseAnyUri(endpoint.uri);
  if (!parsed.ok) return { alive: false, detail: `the URI is not usable: ${parsed.problem}` };
  const { host, port, shown } = parsed.address;
  try {
    const socket = await egress.connect(
      { host, port },
      { timeoutMs: Math.max(1, deadlineMs - clock.now()), signal },
    );
    socket.destroy();
    return { alive: true, detail: 'TCP connection opened' };
  } catch (thrown) {
    return { alive: false, detail: `${shown}: ${messageOf(thrown)}` };
  }
}
