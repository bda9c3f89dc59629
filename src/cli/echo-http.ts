import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { misbehave } from './echo-behaviour.ts';
import type { BehaviourSwitch } from './echo-behaviour.ts';

/** What both faces of an echo system share. */
export interface EchoFace {
  readonly id: string;
  readonly behaviour: BehaviourSwitch;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of every message that was taken. */
  readonly onMessage: (message: ReceivedMessage) => void;
}

export interface ReceivedMessage {
  readonly over: 'http' | 'grpc';
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly attempt: number;
  /** The status of the answer. */
  readonly status: string;
}

/** Longest request body, in bytes: the hub's 3 MiB payload in base64 and its envelope. */
const bodyBytesMax = 5 * 1024 * 1024;

/** Longer than the hub keeps idle connections (30 s), so that it never sends on one that is just being closed. */
const keepAliveMs = 65_000;

/** The REST face: `POST /api/v1/messages` takes the hub's envelope and answers the payload; `GET /health`. */
export function createEchoHttpServer(face: EchoFace): Server {
  return createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    answer(face, request, response).catch((error: unknown) => {
      // The caller went away, or its body could not be read: nobody is there to tell.
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
}

async function answer(face: EchoFace, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?')[0];
  if (request.method === 'GET' && path === '/health') {
    await face.behaviour.untilAnswering(closingOf(response));
    respondJson(response, 200, { status: 'healthy', system: face.id });
  } else if (request.method === 'POST' && path === '/api/v1/messages') {
    await takeMessage(face, request, response);
  } else {
    respondJson(response, 404, { error: 'this system knows POST /api/v1/messages and GET /health' });
  }
}

async function takeMessage(
  face: EchoFace,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request);
  if (body === undefined) {
    respondJson(response, 413, { error: `a message may hold ${bodyBytesMax} bytes` });
    return;
  }
  const envelope = parseEnvelope(body);
  if (envelope === undefined) {
    respondJson(response, 400, { error: "the body is not the hub's JSON envelope" });
    return;
  }
  const failure = await misbehave(face.behaviour, { ...face, signal: closingOf(response) });
  const status = failure ?? 200;
  face.onMessage({
    over: 'http',
    id: text(envelope['message_id']),
    type: text(envelope['message_type']),
    source: text(envelope['source_system']),
    attempt: Number(envelope['attempt'] ?? 1),
    status: String(status),
  });
  if (failure !== undefined) {
    respondJson(response, failure, { error: `told to fail with ${failure}`, system: face.id });
    return;
  }
  const payload = payloadOf(envelope);
  response.writeHead(200, {
    'content-type': payload.contentType,
    'content-length': payload.bytes.length,
    'x-echo-system': face.id,
  });
  response.end(payload.bytes);
}

/** Aborts when the caller goes away. */
function closingOf(response: ServerResponse): AbortSignal {
  const goneAway = new AbortController();
  response.on('close', () => goneAway.abort());
  return goneAway.signal;
}

/** The payload as it was sent: bytes from `payload_base64`, else the JSON value. */
function payloadOf(envelope: Readonly<Record<string, unknown>>): { contentType: string; bytes: Uint8Array } {
  const named = text(envelope['content_type']);
  const base64 = envelope['payload_base64'];
  if (typeof base64 === 'string') {
    const contentType = named === '' ? 'application/octet-stream' : named;
    return { contentType, bytes: Buffer.from(base64, 'base64') };
  }
  const payload = envelope['payload'];
  const contentType = named === '' ? 'application/json' : named;
  // The envelope writes an empty payload as null; only with a JSON type is it the value null.
  const isEmpty = payload === undefined || (payload === null && !/json/i.test(named));
  if (isEmpty) return { contentType: named, bytes: new Uint8Array() };
  const isPlainText = typeof payload === 'string' && contentType.startsWith('text/');
  return { contentType, bytes: Buffer.from(isPlainText ? payload : JSON.stringify(payload)) };
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseEnvelope(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Not JSON; the caller is told.
    return undefined;
  }
}

function respondJson(response: ServerResponse, status: number, body: Readonly<Record<string, string>>): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
