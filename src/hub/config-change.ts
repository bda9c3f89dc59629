import type { Config } from './config-schema.ts';

/** One setting that differs between two configurations. */
export interface ConfigChange {
  /** Path in the file: `health.interval`, `policies`. */
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Settings that are read once, at start: what is opened by them stays as it is until a restart. */
const readAtStart: readonly string[] = ['listen', 'data_dir', 'insecure', 'plugins', 'registry'];

/** Every setting that differs, in the order of the schema. Lists are compared as a whole. */
export function configChanges(before: Config, after: Config): readonly ConfigChange[] {
  return [...changesAt('', before, after)];
}

/** Whether a change takes a restart. */
export function needsRestart({ path }: ConfigChange): boolean {
  return readAtStart.some((name) => path === name || path.startsWith(`${name}.`));
}

function* changesAt(path: string, from: unknown, to: unknown): Generator<ConfigChange> {
  if (isSection(from) || isSection(to)) {
    const [before, after] = [isSection(from) ? from : {}, isSection(to) ? to : {}];
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      yield* changesAt(path === '' ? key : `${path}.${key}`, before[key], after[key]);
  } else if (JSON.stringify(from) !== JSON.stringify(to)) {
    yield { path, from, to };
  }
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
