import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse, stringify } from 'yaml';
import { messageOf } from '../base/error.ts';
import { UsageError } from './usage-error.ts';

/** A hub with what it takes to talk to it, under a name. Paths are absolute; at most one of the three tokens is set. */
export interface Context {
  readonly hub: string;
  /** The API key itself. */
  readonly token?: string;
  /** File that holds the API key. */
  readonly token_file?: string;
  /** Environment variable that holds the API key. */
  readonly token_env?: string;
  /** Certificate authorities to trust instead of the system's, PEM. */
  readonly ca?: string;
  /** Client certificate and its key, PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** Allows the token over plain http to another machine. */
  readonly insecure_token?: boolean;
}

/** The whole file of contexts. */
export interface Contexts {
  /** Name of the context in use; undefined: none. */
  readonly current?: string;
  readonly contexts: ReadonlyMap<string, Context>;
}

/** Most contexts that the file may hold. */
const contextsMax = 1_000;
const fileBytesMax = 1024 * 1024;
const textFields = ['hub', 'token', 'token_file', 'token_env', 'ca', 'cert', 'key'] as const;

/** Names of contexts: letters, digits, `.`, `_`, `-`; at most 64. */
export function checkContextName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return name;
  throw new UsageError(
    `"${name}" is not a name for a context: letters, digits, ".", "_" and "-", at most 64, the first a letter or digit`,
  );
}

/**
 * The contexts of a file; none when there is no such file. Throws UsageError that names file, context and field for
 * one that cannot be used.
 */
export function readContexts(path: string): Contexts {
  let document: unknown;
  try {
    if (statSync(path).size > fileBytesMax) throw new Error(`it is larger than ${fileBytesMax} bytes`);
    document = parse(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { contexts: new Map() };
    throw new UsageError(`the contexts in ${path} cannot be read: ${messageOf(error).split('\n')[0] ?? ''}`);
  }
  const refuse = (what: string): never => {
    throw new UsageError(`${path}: ${what}`);
  };
  if (!isMap(document)) return refuse('must be a map with "current" and "contexts"');
  const { current, contexts = {}, ...rest } = document;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) refuse(`${unknown}: no such field; allowed are current, contexts`);
  if (current !== undefined && typeof current !== 'string') refuse('current: must be the name of a context');
  if (!isMap(contexts)) return refuse('contexts: must be a map of names');
  const entries = Object.entries(contexts);
  if (entries.length > contextsMax) refuse(`contexts: more than ${contextsMax}`);
  return {
    ...(typeof current === 'string' && { current }),
    contexts: new Map(
      entries.map(([name, value]) => [name, contextOf(value, (what) => refuse(`contexts.${name}${what}`))]),
    ),
  };
}

/** Writes the contexts; only their owner can read the file, for it may hold tokens. The old file stays until the new one is whole. */
export function writeContexts(path: string, { current, contexts }: Contexts): void {
  const text = stringify({
    ...(current !== undefined && { current }),
    contexts: Object.fromEntries(contexts),
  });
  const draft = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(draft, text, { mode: 0o600 });
    // A draft that a broken run left behind keeps its mode.
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new UsageError(`the contexts cannot be written to ${path}: ${messageOf(error)}`);
  }
}

function contextOf(value: unknown, refuse: (what: string) => never): Context {
  if (!isMap(value)) return refuse(': must be a map with "hub"');
  for (const [field, found] of Object.entries(value)) {
    if (field === 'insecure_token') {
      if (typeof found !== 'boolean') refuse('.insecure_token: must be true or false');
    } else if (!textFields.some((name) => name === field)) {
      refuse(`.${field}: no such field; allowed are ${[...textFields, 'insecure_token'].join(', ')}`);
    } else if (typeof found !== 'string' || found === '') refuse(`.${field}: must be text`);
  }
  if (typeof value['hub'] !== 'string') refuse('.hub: is missing; the URL of the hub');
  return value as unknown as Context;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
