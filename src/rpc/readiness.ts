import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/error.ts';

/** Something that must work for the hub to be ready. Resolves while it does, rejects with the cause otherwise. */
export interface ReadinessCheck {
  /** Short name, such as `store`. */
  readonly name: string;
  check(): Promise<void>;
}

export interface ReadinessReport {
  readonly ready: boolean;
  /** By name: `ok`, or why not. `hub` is whether it has started and is not draining. */
  readonly checks: Readonly<Record<string, string>>;
}

/** Whether the hub takes calls, as `/readyz` and `grpc.health.v1` tell. */
export interface Readiness {
  /** False until the hub has started, and again once it drains. */
  readonly ready: boolean;
  setReady(ready: boolean): void;
  /** Runs all checks; one that takes longer than 2 s has failed. */
  report(): Promise<ReadinessReport>;
  /** Calls `onChange` whenever `ready` changed; returns how to stop that. */
  subscribe(onChange: () => void): () => void;
}

/** Longest that one check may take. */
const checkMsMax = 2000;

/** Begins as not ready. */
export function createReadiness(options: { clock: Clock; checks: readonly ReadinessCheck[] }): Readiness {
  const { clock, checks } = options;
  const subscribers = new Set<() => void>();
  let ready = false;

  const run = async (each: ReadinessCheck): Promise<[string, string]> => {
    const timeout = new AbortController();
    try {
      const tooLong = clock.sleep(checkMsMax, timeout.signal).then(() => {
        throw new Error(`no answer within ${checkMsMax} ms`);
      });
      await Promise.race([each.check(), tooLong]);
      return [each.name, 'ok'];
    } catch (error) {
      return [each.name, messageOf(error)];
    } finally {
      timeout.abort(new Error('the check is done'));
    }
  };

  return {
    get ready() {
      return ready;
    },
    setReady(value) {
      if (value === ready) return;
      ready = value;
      for (const onChange of [...subscribers]) onChange();
    },
    async report() {
      const results = await Promise.all(checks.map(run));
      return {
        ready: ready && results.every(([, result]) => result === 'ok'),
        checks: { hub: ready ? 'ok' : 'starting or shutting down', ...Object.fromEntries(results) },
      };
    },
    subscribe(onChange) {
      subscribers.add(onChange);
      return () => subscribers.delete(onChange);
    },
  };
}
