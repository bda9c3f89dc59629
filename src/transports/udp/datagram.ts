import { isUtf8 } from 'node:buffer';
import type { Message } from '../../base/message.ts';
import type { Endpoint, SendOptions } from '../../base/transport.ts';
import { UnsentFault } from '../unsent-fault.ts';
import type { CallEnd } from '../frame/call-end.ts';
import { parseAnswer, requestFrame } from '../frame/frame.ts';
import type { UdpManner, UdpOperation } from './settings.ts';
import type { UdpRequest } from './socket.ts';

export interface DatagramInput {
  readonly manner: UdpManner;
  readonly operation: UdpOperation;
  /** Number of the request: never used twice by this hub. */
  readonly number: number;
  readonly endpoint: Endpoint;
  readonly message: Message;
  readonly options: SendOptions;
}

/** A message as a datagram, and what answers it. Throws {@link UnsentFault} for one that is too large. */
export function datagramOf({
  manner,
  operation,
  number,
  endpoint,
  message,
  options,
}: DatagramInput): UdpRequest {
  const oneWay = manner.mode === 'one_way';
  if (manner.payload === 'raw') {
    const id = rawId(number, manner.idBytes);
    const datagram = Buffer.concat([id, message.data]);
    return {
      datagram: bounded(datagram, manner),
      answerOf: oneWay ? undefined : (answer) => rawAnswer(answer, id, manner.replyContentType),
    };
  }
  const id = String(number);
  const { type } = operation;
  const frame = requestFrame({ id: oneWay ? undefined : id, type, endpoint, message, options });
  return {
    datagram: bounded(frame, manner),
    answerOf: oneWay ? undefined : (answer) => envelopeAnswer(answer, id),
  };
}

/** The number's last bytes, big-endian. */
function rawId(number: number, idBytes: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(number));
  return bytes.subarray(8 - idBytes);
}

function bounded(datagram: Buffer, { datagramBytesMax }: UdpManner): Buffer {
  if (datagram.length <= datagramBytesMax) return datagram;
  throw new UnsentFault(
    'mapping_failed',
    `the datagram has ${datagram.length} bytes, at most ${datagramBytesMax} are sent (setting datagram_max)`,
  );
}

/** An answer begins with the id of its request; anything else is a late or doubled one. */
function rawAnswer(datagram: Buffer, id: Buffer, contentType: string): CallEnd | undefined {
  if (!datagram.subarray(0, id.length).equals(id)) return undefined;
  const reply = { status: 'OK', contentType, headers: {}, data: datagram.subarray(id.length) };
  return { kind: 'answer', answer: { kind: 'reply', reply } };
}

function envelopeAnswer(datagram: Buffer, id: string): CallEnd | undefined {
  const garbage = (what: string): CallEnd => ({
    kind: 'broken',
    reason: 'garbage',
    cause: `the target sent ${what}`,
  });
  if (!isUtf8(datagram)) return garbage('a datagram that is not UTF-8');
  const parsed = parseAnswer(datagram.toString('utf8'));
  if (!parsed.ok) return garbage(parsed.problem.replace('text message', 'datagram'));
  return parsed.id === id ? { kind: 'answer', answer: parsed.answer } : undefined;
}
