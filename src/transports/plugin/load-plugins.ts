import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { type FieldViolation, invalidFields, messageOf } from '../../base/error.ts';
import type { Plugin } from './plugin.ts';

/** Time for a module to load, ms. */
const loadTimeoutMs = 10_000;
/** Schemes that the hub speaks itself. */
const builtInSchemes: ReadonlySet<string> = new Set([
  'http',
  'https',
  'grpc',
  'grpcs',
  'ws',
  'wss',
  'tcp',
  'tls',
  'udp',
]);

/** The plug-ins that are loaded. */
export interface Plugins {
  /** In the order of the configuration. */
  readonly all: readonly Plugin[];
  /** The plug-in that speaks a scheme (lower case, without `:`). */
  byScheme(scheme: string): Plugin | undefined;
  /** `redis (redis://, rediss://)` for each, or `none`: for errors. */
  readonly shown: string;
}

export interface LoadPluginsDeps {
  readonly clock: Clock;
  /** Folder that relative paths begin at: the hub's working folder. */
  readonly folder: string;
}

const method = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', {
  error: 'must be a function',
});

const pluginSchema = z.object({
  name: z
    .string('must be a text')
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be of a-z, 0-9, ".", "_" and "-", at most 64 characters'),
  schemes: z
    .array(
      z
        .string()
        .regex(/^[a-z][a-z0-9+.-]{0,31}$/, 'must be lower case without ":", such as redis')
        .refine((scheme) => !builtInSchemes.has(scheme), 'is a scheme that the hub speaks itself'),
      'must be a list of URI schemes',
    )
    .min(1, 'must name at least one scheme')
    .max(16, 'must name at most 16 schemes'),
  send: method,
  check: method.optional(),
  probe: method.optional(),
  forget: method.optional(),
  close: method.optional(),
});

/**
 * Imports each module, whose export `transport` (or default) is a {@link Plugin}. Rejects with INVALID_FIELD that names
 * every module that cannot be used and why; then none is in use.
 */
export async function loadPlugins(paths: readonly string[], deps: LoadPluginsDeps): Promise<Plugins> {
  const violations: FieldViolation[] = [];
  const all: Plugin[] = [];
  const byScheme = new Map<string, Plugin>();
  for (const [index, path] of paths.entries()) {
    const refuse = (problem: string): void => {
      violations.push({ field: `plugins[${index}]`, description: `${JSON.stringify(path)}: ${problem}` });
    };
    const loaded = await load(path, deps);
    if (typeof loaded === 'string') {
      refuse(loaded);
      continue;
    }
    if (all.some(({ name }) => name === loaded.name))
      refuse(`another plug-in has the name ${JSON.stringify(loaded.name)} already`);
    for (const scheme of new Set(loaded.schemes)) {
      const other = byScheme.get(scheme);
      if (other === undefined) byScheme.set(scheme, loaded);
      else refuse(`the plug-in ${JSON.stringify(other.name)} speaks the scheme ${scheme}:// already`);
    }
    all.push(loaded);
  }
  if (violations.length > 0) throw invalidFields(violations);
  return {
    all,
    byScheme: (scheme) => byScheme.get(scheme),
    shown:
      all
        .map(({ name, schemes }) => `${name} (${schemes.map((scheme) => `${scheme}://`).join(', ')})`)
        .join(', ') || 'none',
  };
}

/** The plug-in of a module, or what is wrong with it. */
async function load(path: string, { clock, folder }: LoadPluginsDeps): Promise<Plugin | string> {
  const file = isAbsolute(path) ? path : resolve(folder, path);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await within(clock, import(pathToFileURL(file).href) as Promise<typeof module>);
  } catch (thrown) {
    return `the module cannot be loaded from ${file}: ${messageOf(thrown).split('\n')[0] ?? ''}`;
  }
  const exported = module['transport'] ?? module['default'];
  if (exported === undefined)
    return `the module has no export "transport"; write export const transport = definePlugin({…}). It exports ${Object.keys(module).join(', ') || 'nothing'}`;
  const checked = pluginSchema.safeParse(exported);
  if (checked.success) return exported as Plugin;
  const problems = checked.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`);
  return `the export is no plug-in: ${problems.join('; ')}`;
}

function within<T>(clock: Clock, loading: Promise<T>): Promise<T> {
  return new Promise((resolve_, reject) => {
    const timer = clock.after(loadTimeoutMs, () =>
      reject(new Error(`it did not finish loading within ${loadTimeoutMs / 1000} s`)),
    );
    loading.then(resolve_, reject).finally(() => timer.cancel());
  });
}
