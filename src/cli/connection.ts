import { readFileSync } from 'node:fs';
import { messageOf } from '../base/error.ts';
import { readContexts } from './contexts-file.ts';
import type { Context } from './contexts-file.ts';
import type { Environment } from './environment.ts';
import { UsageError } from './usage-error.ts';

/** Options of the program for the way to the hub; each command that talks to one takes them. */
export interface ConnectionOptions {
  readonly hub?: string;
  readonly context?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly insecureToken?: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Where the hub is, and how to show who is calling. */
export interface Connection {
  readonly url: string;
  /** API key, sent as `authorization: Bearer`. */
  readonly token?: string;
  /** PEM texts for https. */
  readonly tls?: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  /** Where the URL was found, for people: `--hub`, `SWITCHYARD_HUB`, `context prod`, `the default`. */
  readonly from: string;
}

export const defaultHubUrl = 'http://127.0.0.1:7700';

/**
 * The connection that options, environment and contexts name. The URL: `--hub`, SWITCHYARD_HUB, `--context`,
 * SWITCHYARD_CONTEXT, the current context, {@link defaultHubUrl}. Token and certificates: options, environment, then
 * those of the context; a context's are only used with its own URL. Throws UsageError that names what cannot be used.
 */
export function resolveConnection(environment: Environment, options: ConnectionOptions): Connection {
  const { url, from, context } = findHub(environment, options);
  const token = findToken(environment, options, context);
  if (token !== undefined) checkToken(token, url, options.insecureToken ?? context?.insecure_token ?? false);
  const tls = findTls(options, context);
  if (tls !== undefined && !url.startsWith('https:')) {
    throw new UsageError(`certificates are for https, and the hub is ${url} (${from}): write https://…`);
  }
  return { url, from, ...(token !== undefined && { token }), ...(tls !== undefined && { tls }) };
}

/** The flags that lead another command to the same hub, with a space before each; empty when there are none. No secret. */
export function connectionFlags(options: ConnectionOptions): string {
  const named = { hub: options.hub, context: options.context, ca: options.ca };
  return Object.entries(named)
    .map(([name, value]) => (value === undefined ? '' : ` --${name} ${value}`))
    .join('');
}

/** A hub's URL in its one form: with a scheme, without a slash at the end. Throws UsageError for what is none. */
export function parseHubUrl(text: string): string {
  const withScheme = /^[a-z]+:\/\//.test(text) ? text : `http://${text}`;
  if (!URL.canParse(withScheme) || !/^https?:\/\//.test(withScheme)) {
    throw new UsageError(
      `"${text}" is not the URL of a hub: write http://HOST:PORT or https://HOST:PORT (--hub, SWITCHYARD_HUB or a context)`,
    );
  }
  return withScheme.replace(/\/+$/, '');
}

function findHub(
  environment: Environment,
  options: ConnectionOptions,
): { url: string; from: string; context?: Context } {
  if (options.hub !== undefined) return { url: parseHubUrl(options.hub), from: '--hub' };
  if (environment.hubUrl !== undefined) {
    return { url: parseHubUrl(environment.hubUrl), from: 'SWITCHYARD_HUB' };
  }
  const { current, contexts } = readContexts(environment.contextsFile);
  const name = options.context ?? environment.context ?? current;
  if (name === undefined) return { url: defaultHubUrl, from: 'the default' };
  const context = contexts.get(name);
  if (context === undefined) {
    const names = contexts.size === 0 ? 'there are none yet' : `there are ${[...contexts.keys()].join(', ')}`;
    throw new UsageError(
      `no context is named "${name}"; ${names}. Make it: switchyard contexts set ${name} --hub URL`,
    );
  }
  return { url: parseHubUrl(context.hub), from: `context ${name}`, context };
}

function findToken(
  environment: Environment,
  options: ConnectionOptions,
  context: Context | undefined,
): string | undefined {
  if (options.token !== undefined && options.tokenFile !== undefined) {
    throw new UsageError('give the token once: --token or --token-file');
  }
  if (options.token !== undefined) return options.token;
  if (options.tokenFile !== undefined) return textOf(options.tokenFile, '--token-file');
  if (environment.token !== undefined) return environment.token;
  if (context?.token_file !== undefined) return textOf(context.token_file, 'token_file of the context');
  if (context?.token_env !== undefined) {
    const token = environment.variable(context.token_env);
    if (token !== undefined && token !== '') return token;
    throw new UsageError(
      `the context takes its token from the variable ${context.token_env}, which is not set`,
    );
  }
  return context?.token;
}

/** A token is as good as a password: it must be one word, and must not be readable on the way. */
function checkToken(token: string, url: string, insecure: boolean): void {
  // The token itself is not shown: it would end up in logs.
  if (!/^[\x21-\x7e]{1,4096}$/.test(token)) {
    throw new UsageError('the token is empty, too long, or has spaces or letters that no token has');
  }
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || isLoopback(hostname) || insecure) return;
  throw new UsageError(
    `the token would go to ${url} in plain text, where everybody on the way can read and use it. Use https://, or accept that with --insecure-token`,
  );
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function findTls(options: ConnectionOptions, context: Context | undefined): Connection['tls'] {
  const flagged = options.cert !== undefined || options.key !== undefined;
  const cert = flagged ? options.cert : context?.cert;
  const key = flagged ? options.key : context?.key;
  const ca = options.ca ?? context?.ca;
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError('a client certificate needs both --cert and --key');
  }
  if (cert === undefined && ca === undefined) return undefined;
  return {
    ...(ca !== undefined && { ca: pemOf(ca, '--ca', 'CERTIFICATE') }),
    ...(cert !== undefined && { cert: pemOf(cert, '--cert', 'CERTIFICATE') }),
    ...(key !== undefined && { key: pemOf(key, '--key', 'PRIVATE KEY') }),
  };
}

function pemOf(path: string, option: string, kind: string): Buffer {
  const bytes = bytesOf(path, option);
  if (bytes.includes(`${kind}-----`)) return bytes;
  throw new UsageError(
    `${option} ${path} holds no ${kind.toLowerCase()} in PEM form (-----BEGIN …${kind}-----)`,
  );
}

function textOf(path: string, option: string): string {
  return bytesOf(path, option).toString('utf8').trim();
}

function bytesOf(path: string, option: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`${option}: cannot read ${path}: ${messageOf(error)}`);
  }
}
