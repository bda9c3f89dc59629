import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One message as an HTTP target received it. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** A system over HTTP that answers each message with `{"echo": <its payload>}` and is well when asked. */
export interface HttpTarget extends AsyncDisposable {
  readonly uri: string;
  /** What it received, oldest first; at most the last 1000. */
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** Starts a target in this process on a free port of 127.0.0.1. */
export async function startHttpTarget(): Promise<HttpTarget> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      if (request.method === 'GET') {
        response.end('{"status":"ok"}');
        return;
      }
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
      received.push({ headers: request.headers, body });
      if (received.length > 1000) received.shift();
      response.end(JSON.stringify({ echo: body.payload }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  async function close(): Promise<void> {
    server.close();
    server.closeAllConnections();
  }
  const { port } = server.address() as AddressInfo;
  return { uri: `http://127.0.0.1:${port}`, received, close, [Symbol.asyncDispose]: close };
}
