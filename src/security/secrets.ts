import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf } from '../base/error.ts';
import { type SecretRef, SecretUnavailable, type Secrets } from '../base/secrets.ts';

export interface SecretsOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Names of variables that references may read, or prefixes such as `PETS_*`. */
  readonly allowedVariables: readonly string[];
  /** Folder of `file:NAME`; undefined refuses such references. */
  readonly folder: string | undefined;
}

/** Largest secret, in bytes. */
const secretBytesMax = 64 * 1024;
/** Files whose content is remembered. */
const filesMax = 1000;

/**
 * Reads secrets from the environment and from one folder. Only what the configuration allows can be read: whoever
 * may register a system could otherwise send any variable of the hub's process to a server of theirs.
 */
export function createSecrets({ environment, allowedVariables, folder }: SecretsOptions): Secrets {
  const files = new Map<string, { readonly version: string; readonly value: string }>();

  const objection = (ref: SecretRef): string | undefined => {
    const { kind, name } = parseRef(ref);
    if (kind === 'env' && !mayBeRead(name, allowedVariables))
      return `the variable ${name} is not among those that secrets may be read from; name it in the setting secrets.env, which allows ${allowedVariables.join(', ') || 'none'}`;
    if (kind === 'file' && folder === undefined)
      return `${ref} needs the setting secrets.folder, which is not set`;
    return kind === undefined
      ? `${JSON.stringify(ref)} is no reference; allowed are env:NAME and file:NAME`
      : undefined;
  };

  const readVariable = (name: string): string => {
    const value = environment[name];
    if (value === undefined || value === '')
      throw new SecretUnavailable(`the variable ${name} is not set where the hub runs`);
    return value;
  };

  const readFileOf = async (name: string): Promise<string> => {
    const path = resolve(folder ?? '', name);
    try {
      const found = await stat(path);
      const { mtimeMs, size, ino } = found;
      // Reading a pipe would wait for its other end.
      if (!found.isFile()) throw new SecretUnavailable(`${name} in the secrets folder is no file`);
      if (size > secretBytesMax)
        throw new SecretUnavailable(`the file ${name} has ${size} bytes, at most ${secretBytesMax} are read`);
      const version = `${mtimeMs}-${size}-${ino}`;
      const known = files.get(name);
      if (known?.version === version) return known.value;
      const value = (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
      if (value === '') throw new SecretUnavailable(`the file ${name} is empty`);
      if (files.size >= filesMax) files.clear();
      files.set(name, { version, value });
      return value;
    } catch (cause) {
      if (cause instanceof SecretUnavailable) throw cause;
      throw new SecretUnavailable(
        `the file ${name} of the secrets folder cannot be read: ${messageOf(cause)}`,
      );
    }
  };

  return {
    objection,
    async read(ref) {
      const refused = objection(ref);
      if (refused !== undefined) throw new SecretUnavailable(refused);
      const { kind, name } = parseRef(ref);
      return kind === 'env' ? readVariable(name) : readFileOf(name);
    },
  };
}

function parseRef(ref: SecretRef): { readonly kind: 'env' | 'file' | undefined; readonly name: string } {
  // A name cannot leave the folder: it holds no separator and does not begin with a dot.
  const [, kind, name = ''] = /^(env|file):([A-Za-z0-9_][A-Za-z0-9_.-]*)$/.exec(ref) ?? [];
  return { kind: kind === 'env' || kind === 'file' ? kind : undefined, name };
}

/** Whether references may read the variable `name`: it is one of the names, or begins with one that ends with `*`. */
export function mayBeRead(name: string, allowedVariables: readonly string[]): boolean {
  return allowedVariables.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name,
  );
}
