import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { messageOf } from '../base/error.ts';
import { echoDelayMsMax, wellBehaved } from './echo-behaviour.ts';
import type { EchoBehaviour } from './echo-behaviour.ts';
import { listenOn } from './listen-address.ts';
import { UsageError } from './usage-error.ts';

/** What the control can ask for: a behaviour, and whether the system refuses connections altogether. */
export interface ControlledBehaviour extends EchoBehaviour {
  readonly refuses: boolean;
}

/** Where the control listens, until it is disposed of. */
export interface EchoControl extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/__behaviour`. */
  readonly url: string;
}

const bodyCharsMax = 1_000;

/** The whole behaviour: what is left out is as in a system that behaves well. */
const bodySchema = z.strictObject({
  delay_ms: z.number().min(0).max(echoDelayMsMax).default(wellBehaved.delayMs),
  fail_rate: z.number().min(0).max(1).optional(),
  status: z.int().min(200).max(599).optional(),
  hangs: z.boolean().default(false),
  refuses: z.boolean().default(false),
});

/**
 * `POST /__behaviour` on a loopback port of its own, for whoever runs the machine: changes how the echo system behaves
 * while it runs. On its own port, so that the callers of the system cannot reach it and it can be undone while the system
 * refuses connections. Takes `application/json` to its own host name alone, so that no web page can send it.
 */
export async function startEchoControl(
  port: number,
  apply: (behaviour: ControlledBehaviour) => Promise<void>,
): Promise<EchoControl> {
  /** One change after the other. */
  let last: Promise<void> = Promise.resolve();
  const server = createServer((request, response) => {
    answer(request, async (behaviour) => {
      const applied = last.then(() => apply(behaviour));
      last = applied.catch(() => undefined);
      await applied;
    })
      .catch((error: unknown): Answer => ({ status: 500, body: { error: messageOf(error) } }))
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(`${JSON.stringify(body)}\n`);
      })
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await listenOn(server, { host: '127.0.0.1', port }, { orFree: false });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/__behaviour`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The port of `--control`; 0 picks a free one. */
export function parseControlPort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`--control "${text}" is not a port: write a number from 0 to 65535`);
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function answer(
  request: IncomingMessage,
  apply: (behaviour: ControlledBehaviour) => Promise<void>,
): Promise<Answer> {
  const host = request.headers.host?.replace(/:\d+$/, '');
  if (request.method !== 'POST' || request.url !== '/__behaviour') {
    return refusal(404, 'the control knows POST /__behaviour');
  }
  if (host !== '127.0.0.1' && host !== 'localhost') return refusal(403, 'ask for 127.0.0.1 or localhost');
  if (request.headers['content-type'] !== 'application/json') {
    return refusal(415, 'send content-type: application/json');
  }
  let text = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length > bodyCharsMax) return refusal(413, `the body may hold ${bodyCharsMax} characters`);
  }
  const read = bodySchema.safeParse(jsonOf(text));
  if (!read.success) return refusal(400, whyNot(read.error));
  const { delay_ms: delayMs, status, fail_rate: failRate, hangs, refuses } = read.data;
  // As with the flags: a status alone fails every message, a share alone fails with 503.
  await apply({
    delayMs,
    failRate: failRate ?? (status === undefined ? 0 : 1),
    failStatus: status ?? wellBehaved.failStatus,
    hangs,
    refuses,
  });
  return { status: 200, body: read.data };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not JSON; the schema says what it wants.
    return undefined;
  }
}

function whyNot({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => [...path, message].join(': ')).join('; ');
}

function refusal(status: number, error: string): Answer {
  return { status, body: { error } };
}
