/**
 * A plug-in that speaks to Redis: each message is one command. Load it with
 *
 *     plugins: [examples/plugin/redis.ts]
 *
 * and register a system with the interface `redis://host:6379`, whose routes say which command a message type is
 * (docs/plugins.md). In a project of your own the first import is from 'switchyard-hub/plugin'.
 */
import type { Socket } from 'node:net';
import {
  definePlugin,
  type PluginContact,
  type PluginOutcome,
  type PluginRequest,
  type PluginViolation,
} from '../../src/transports/plugin/plugin.ts';
import { encodeCommand, NotResp, ReplyTooLarge, RespError, RespReader, type RespValue } from './resp.ts';

/** Errors by which Redis says that it did nothing and may be asked again. */
const notExecuted = new Set(['LOADING', 'BUSY', 'TRYAGAIN', 'MASTERDOWN', 'CLUSTERDOWN', 'READONLY', 'OOM']);
/** Bytes of one reply that are read, framing and all. */
const replyBytesMax = 4 * 1024 * 1024;

export const transport = definePlugin({
  name: 'redis',
  schemes: ['redis', 'rediss'],

  check({ settings, routes }) {
    const violations: PluginViolation[] = [];
    for (const name of Object.keys(settings))
      if (!['password', 'tls'].includes(name))
        violations.push({ path: `settings.${name}`, message: 'is unknown; allowed are password and tls' });
    if (settings['password'] !== undefined && passwordRef(settings) === undefined)
      violations.push({
        path: 'settings.password',
        message: 'must be a reference: {"secret_ref": "env:NAME"}',
      });
    if (routes.length === 0)
      violations.push({ path: 'routes', message: 'are missing: each names the command of a message type' });
    routes.forEach(({ operation }, index) => {
      if (commandOf(operation) === undefined)
        violations.push({
          path: `routes[${index}].operation.command`,
          message: 'must be a list of words such as ["RPUSH", "jobs", "$data"]',
        });
    });
    return violations;
  },

  async send(request): Promise<PluginOutcome> {
    const command = commandOf(request.route?.operation ?? {}) ?? [];
    const words = command.map((word) => filledIn(word, request));
    let socket: Socket;
    try {
      socket = await open(request);
    } catch (thrown) {
      // Nothing was sent: the hub may try again, here or elsewhere.
      return { verdict: 'NOT_REACHED', ...explained(thrown) };
    }
    try {
      return outcomeOf(await ask(socket, words, request.signal));
    } catch (thrown) {
      return { verdict: 'MAY_HAVE_ACTED', ...explained(thrown) };
    } finally {
      socket.destroy();
    }
  },

  async probe(contact) {
    const socket = await open(contact);
    try {
      const answer = await ask(socket, ['PING'], contact.signal);
      return answer === 'PONG'
        ? { alive: true, detail: 'PONG' }
        : { alive: false, detail: answer instanceof RespError ? answer.text : 'not PONG' };
    } finally {
      socket.destroy();
    }
  },
});

/** A connection that is ready for a command. */
async function open(contact: PluginContact): Promise<Socket> {
  const { protocol, hostname, port } = new URL(contact.uri);
  const { tls = true } = contact.settings as { tls?: boolean | Record<string, unknown> };
  const socket = await contact.connect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 6379),
    tls: protocol === 'rediss:' && tls,
  });
  const ref = passwordRef(contact.settings);
  if (ref === undefined) return socket;
  try {
    const answer = await ask(socket, ['AUTH', await contact.secret(ref)], contact.signal);
    if (answer instanceof RespError)
      throw new Fault('misconfigured', `the password is refused: ${answer.code}`);
    return socket;
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  }
}

/** What went wrong, with one of the hub's reasons. */
class Fault extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Sends one command and reads its reply. */
function ask(
  socket: Socket,
  words: readonly (string | Uint8Array)[],
  signal: AbortSignal,
): Promise<RespValue> {
  return new Promise((resolve, reject) => {
    const reader = new RespReader(replyBytesMax);
    const fail = (reason: string, text: string): void => settle(() => reject(new Fault(reason, text)));
    const settle = (end: () => void): void => {
      socket.off('data', onData).off('close', onClose).off('end', onClose);
      signal.removeEventListener('abort', onAbort);
      end();
    };
    const onAbort = (): void => settle(() => reject(signal.reason as Error));
    const onClose = (): void => fail('reset', 'the connection ended before the reply was whole');
    const onData = (piece: Buffer): void => {
      try {
        const [value] = reader.push(piece);
        if (value !== undefined) settle(() => resolve(value));
      } catch (thrown) {
        if (thrown instanceof ReplyTooLarge) fail('reply_too_large', thrown.message);
        else fail('garbage', thrown instanceof NotResp ? `not RESP: ${thrown.message}` : String(thrown));
      }
    };
    socket.on('data', onData).on('close', onClose).on('end', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else socket.write(encodeCommand(words));
  });
}

function outcomeOf(value: RespValue): PluginOutcome {
  if (!(value instanceof RespError))
    return {
      verdict: 'OK',
      status: 'OK',
      reply:
        typeof value === 'string'
          ? { contentType: 'text/plain', data: value }
          : { contentType: 'application/json', data: JSON.stringify(value) },
    };
  return {
    verdict: notExecuted.has(value.code) ? 'NOT_EXECUTED' : 'REJECTED',
    status: value.code.slice(0, 64),
    detail: value.text,
    reply: { contentType: 'text/plain', data: value.text },
  };
}

/** Error and reason of something thrown; faults of the hub's `connect` have a reason too. */
function explained(thrown: unknown): { readonly reason?: string; readonly detail: string } {
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  const reason = thrown instanceof Error && 'reason' in thrown ? thrown.reason : undefined;
  return { detail, ...(typeof reason === 'string' ? { reason } : {}) };
}

/** The words of a route's command. */
function commandOf(operation: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const { command } = operation;
  if (!Array.isArray(command) || command.length === 0 || command.length > 100) return undefined;
  return command.every((word) => typeof word === 'string') ? command : undefined;
}

/** `$data` is the payload, `$id` the message's id, `$type` its type; anything else stands for itself. */
function filledIn(word: string, { message }: PluginRequest): string | Uint8Array {
  switch (word) {
    case '$data':
      return message.data;
    case '$id':
      return message.id;
    case '$type':
      return message.type;
    default:
      return word;
  }
}

function passwordRef({ password }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof password !== 'object' || password === null || !('secret_ref' in password)) return undefined;
  return typeof password.secret_ref === 'string' ? password.secret_ref : undefined;
}
