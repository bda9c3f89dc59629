import type { ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/error.ts';
import { type ConnectFault, connectFaultOf } from '../connect-fault.ts';
import { frameMessage, type FrameProblem, UnaryFrame } from './frame.ts';
import type { SessionTarget } from './session-target.ts';
import { cancelCode, type GrpcSession, refusedStreamCode } from './session.ts';
import type { GrpcSessions } from './sessions.ts';
import { formatGrpcTimeout, isGrpcContentType } from './status.ts';

/** What is known about one unary call once it is over: the evidence that a verdict is drawn from. */
export type GrpcEvidence =
  /** No byte of the request was given to a connected socket. */
  | { readonly end: 'unsent'; readonly fault: ConnectFault }
  | (GrpcAnswer & {
      readonly end: 'complete' | 'deadline' | 'cancelled' | 'refused_stream' | 'goaway' | 'reset' | 'frame';
      /** Set with `frame`: what is wrong with the answer's message. */
      readonly problem?: FrameProblem;
      /** Set with `reset`: what the connection says. */
      readonly cause?: string;
    });

/** An answer as far as it arrived. */
export interface GrpcAnswer {
  /** Headers and trailers together; empty while nothing arrived. */
  readonly headers: IncomingHttpHeaders;
  readonly frame: UnaryFrame;
}

export interface GrpcRequest {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Metadata, and `:authority` when it is not the session's own. */
  readonly headers: OutgoingHttpHeaders;
  readonly message: Uint8Array;
}

export interface GrpcExchangeOptions {
  readonly clock: Clock;
  /** Bounds the whole call: waiting for a connection, headers and message. Epoch ms. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly messageBytesMax: number;
}

/** Makes one unary call. It is sent at most once, whatever happens to the connection. Never rejects. */
export async function grpcExchange(
  sessions: GrpcSessions,
  target: SessionTarget,
  request: GrpcRequest,
  options: GrpcExchangeOptions,
): Promise<GrpcEvidence> {
  try {
    return await sessions.call(target, options, (session) => begin(session, request, options));
  } catch (thrown) {
    return unsent(connectFaultOf(thrown));
  }
}

/** Opens the call's stream and hears what comes on it, in one turn: no event can be missed. */
function begin(
  session: GrpcSession,
  request: GrpcRequest,
  options: GrpcExchangeOptions,
): Promise<GrpcEvidence> {
  let stream: ClientHttp2Stream;
  try {
    stream = session.request({
      ':method': 'POST',
      ':path': request.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'switchyard',
      'grpc-accept-encoding': 'identity,gzip',
      'grpc-timeout': formatGrpcTimeout(options.deadlineMs - options.clock.now()),
      ...request.headers,
    });
  } catch (thrown) {
    return Promise.resolve(unsent(connectFaultOf(thrown)));
  }
  return converse(session, stream, frameMessage(request.message), options);
}

function unsent(fault: ConnectFault): GrpcEvidence {
  return { end: 'unsent', fault };
}

/** Sends the request on its stream and takes the answer in, until it is whole, useless or late. */
function converse(
  session: GrpcSession,
  stream: ClientHttp2Stream,
  body: Buffer,
  { clock, deadlineMs, signal, messageBytesMax }: GrpcExchangeOptions,
): Promise<GrpcEvidence> {
  return new Promise((resolve) => {
    const frame = new UnaryFrame(messageBytesMax);
    const heardBefore = session.bytesRead;
    let headers: IncomingHttpHeaders = {};
    let fault: Error | undefined;
    let ended = false;

    const settle = (evidence: GrpcEvidence): void => {
      if (ended) return;
      ended = true;
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      resolve(evidence);
    };
    const cut = (end: 'deadline' | 'cancelled'): void => {
      settle({ end, headers, frame });
      stream.close(cancelCode);
    };
    const onAbort = (): void => cut('cancelled');
    const timer = clock.after(deadlineMs - clock.now(), () => {
      cut('deadline');
      // Not a byte for the whole call: the connection may be dead. Later calls get another one.
      if (session.bytesRead === heardBefore) session.retire();
    });
    signal.addEventListener('abort', onAbort, { once: true });

    stream.on('response', (received) => {
      headers = received;
      if (isGrpcContentType(received['content-type'])) return;
      // A page of a proxy or web server: its headers say all that is needed, its body is no message.
      settle({ end: 'complete', headers, frame });
      stream.close(cancelCode);
    });
    stream.on('trailers', (received: IncomingHttpHeaders) => {
      headers = { ...headers, ...received };
    });
    stream.on('data', (piece: Buffer) => {
      const problem = frame.push(piece);
      if (problem === undefined || ended) return;
      settle({ end: 'frame', headers, frame, problem });
      stream.close(cancelCode);
    });
    stream.on('error', (error: Error) => {
      fault = error;
    });
    stream.once('end', () => {
      if (headers['grpc-status'] === undefined) return;
      settle({ end: 'complete', headers, frame });
      // Answered early: nobody reads the rest of the request.
      if (!stream.writableFinished) stream.close(cancelCode);
    });
    stream.once('close', () => {
      // A peer that answered did process the call, whatever it says afterwards.
      const silent = headers[':status'] === undefined;
      if (silent && session.refusedByGoaway(stream.id ?? 0)) settle({ end: 'goaway', headers, frame });
      else if (silent && stream.rstCode === refusedStreamCode)
        settle({ end: 'refused_stream', headers, frame });
      // With a status the answer is whole: servers may reset a stream whose request they no longer need.
      else if (
        headers['grpc-status'] !== undefined ||
        (!silent && fault === undefined && stream.rstCode === 0)
      )
        settle({ end: 'complete', headers, frame });
      else settle({ end: 'reset', headers, frame, cause: resetText(stream, fault) });
    });
    stream.end(body);
  });
}

/** Names of the HTTP/2 error codes by number, RFC 9113 section 7. */
const http2CodeNames = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

function resetText({ rstCode }: ClientHttp2Stream, fault: Error | undefined): string {
  // Node says CANCEL for every stream of a connection that ended.
  if (rstCode !== 0 && rstCode !== cancelCode)
    return `the stream was reset (${http2CodeNames[rstCode] ?? `HTTP/2 code ${rstCode}`})`;
  return fault === undefined
    ? 'the stream or its connection ended'
    : `the connection ended: ${messageOf(fault).slice(0, 200)}`;
}
