import type { Socket } from 'node:dgram';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/error.ts';
import { codeOf } from '../connect-fault.ts';
import type { Egress } from '../egress.ts';
import type { Finding, ProbeOptions } from '../probes/finding.ts';
import type { TargetAddress } from '../target-address.ts';
import type { UdpSettings } from './settings.ts';

/**
 * Sends the setting `probe` and takes any datagram that comes back as a sign of life; that the port is unreachable,
 * or silence, as the opposite. Without the setting only the name is looked up: whether anybody listens cannot be known.
 */
export async function probeUdp(
  address: TargetAddress,
  { probe, broadcast = false }: UdpSettings,
  { clock, egress, deadlineMs, signal }: ProbeOptions & { readonly clock: Clock; readonly egress: Egress },
): Promise<Finding> {
  const { host, port, shown } = address;
  try {
    const socket = await egress.datagram(
      { host, port, broadcast },
      { timeoutMs: Math.max(1, deadlineMs - clock.now()), signal },
    );
    try {
      if (probe === undefined)
        return { alive: true, detail: 'not asked: the interface has no probe datagram (setting probe)' };
      const datagram = 'text' in probe ? Buffer.from(probe.text) : Buffer.from(probe.base64, 'base64');
      const finding = await ask(socket, datagram, { clock, deadlineMs, signal });
      return finding.alive ? finding : { alive: false, detail: `${shown}: ${finding.detail}` };
    } finally {
      socket.close();
    }
  } catch (thrown) {
    return { alive: false, detail: `${shown}: ${messageOf(thrown)}` };
  }
}

function ask(
  socket: Socket,
  datagram: Buffer,
  { clock, deadlineMs, signal }: ProbeOptions & { readonly clock: Clock },
): Promise<Finding> {
  return new Promise((resolve) => {
    const settle = (alive: boolean, detail: string): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      resolve({ alive, detail });
    };
    const onAbort = (): void => settle(false, 'cancelled');
    const timer = clock.after(deadlineMs - clock.now(), () =>
      settle(false, 'no answer to the probe in time'),
    );
    const onError = (error: Error): void =>
      settle(
        false,
        codeOf(error) === 'ECONNREFUSED'
          ? 'port unreachable: nobody listens there'
          : `the probe failed: ${messageOf(error)}`,
      );
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('message', (answer) => settle(true, `answered the probe with ${answer.length} bytes`));
    socket.on('error', onError);
    socket.send(datagram, (error) => {
      if (error !== null) onError(error);
    });
  });
}
