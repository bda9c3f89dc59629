import { type ClientHttp2Session, constants } from 'node:http2';

/** A gRPC message as it goes over the wire: not compressed, length, bytes. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

/** One unary gRPC call on bare node:http2; resolves when the status is OK and throws otherwise. */
export function grpcCall(session: ClientHttp2Session, path: string, frame: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let status: unknown;
    let text: unknown;
    const read = (headers: Record<string, unknown>): void => {
      status ??= headers['grpc-status'];
      text ??= headers['grpc-message'];
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.once('error', reject);
    stream.once('close', () => {
      if (String(status) === '0') resolve();
      else reject(new Error(`${path}: grpc-status ${String(status)}: ${String(text)}`));
    });
    stream.resume();
    stream.end(frame);
  });
}
