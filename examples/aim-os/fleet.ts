import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import { messageOf } from '../../src/base/error.ts';
import { readSystemFile } from '../../src/cli/system-definition.ts';
import { startServer } from './processes.ts';
import type { ServerProcess } from './processes.ts';

/** A system of the demo as a process that runs. */
export interface DemoSystem {
  readonly id: string;
  readonly system: System;
  readonly file: string;
  readonly process: ServerProcess;
  readonly http: string;
  readonly grpc: string;
  /** Where its behaviour is changed; empty when it cannot be. */
  readonly control: string;
}

/** The systems, each `switchyard echo` in a process of its own that registers itself. Disposing stops every process. */
export interface Fleet extends AsyncDisposable {
  /** In the order of the files. One that is gone is shown as it last was. */
  systems(): readonly DemoSystem[];
  /** Kills its process and waits for its end. Nothing happens when it has ended by itself. */
  kill(id: string): Promise<void>;
  /** Starts the process of one that was killed; it registers itself again. Throws when that fails. */
  revive(id: string): Promise<DemoSystem>;
  /** Gives it a new behaviour (`POST /__behaviour`, see docs/demo.md). Throws when it does not take it. */
  behave(id: string, behaviour: Readonly<Record<string, unknown>>): Promise<void>;
}

export interface FleetOptions {
  readonly hubUrl: string;
  /** Catalogs; every system in them is started. */
  readonly files: readonly string[];
  /** Whether their behaviour can be changed while they run. */
  readonly control: boolean;
  readonly signal: AbortSignal;
  /** Told of processes that ended though nobody of the demo ended them. */
  readonly onEnd: (system: DemoSystem, how: string) => void;
}

/** Systems that start at the same time; more would only get in each other's way. */
const startsAtOnce = 4;
const controlTimeoutMs = 5_000;

/** Starts every system. Throws, with nothing left running, when one does not start; ends early when the signal aborts. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const definitions = new Map<string, { readonly system: System; readonly file: string }>();
  for (const file of options.files) {
    for (const { system } of await readSystemFile(file)) definitions.set(system.id, { system, file });
  }
  const running = new Map<string, DemoSystem>();
  const killed = new WeakSet<ServerProcess>();

  const start = async (id: string): Promise<DemoSystem> => {
    const definition = definitions.get(id);
    if (definition === undefined) throw new Error(`the demo has no system ${id}`);
    const server = await startServer(
      [
        ...['echo', '-f', definition.file, '--id', id, '--hub', options.hubUrl, '--register'],
        ...['--keep-registered', '--quiet', '--json', ...(options.control ? ['--control', '0'] : [])],
      ],
      (line) => line.startsWith('{'),
    );
    const {
      http,
      grpc,
      control = '',
    } = JSON.parse(server.readyLine) as Record<'http' | 'grpc', string> & {
      control?: string;
    };
    const started: DemoSystem = { id, ...definition, process: server, http, grpc, control };
    running.set(id, started);
    void server.ended.then((how) => {
      if (!killed.has(server)) options.onEnd(started, how);
    });
    return started;
  };
  const find = (id: string): DemoSystem => {
    const found = running.get(id);
    if (found === undefined) throw new Error(`the system ${id} was not started`);
    return found;
  };
  const stopAll = async (): Promise<void> => {
    await Promise.all(
      [...running.values()].map(async ({ process: server }) => {
        killed.add(server);
        await server.stop();
      }),
    );
  };

  const queue = [...definitions.keys()];
  const startNext = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined && !options.signal.aborted; id = queue.shift()) {
      await start(id);
    }
  };
  const starts = await Promise.allSettled(Array.from({ length: startsAtOnce }, startNext));
  const failed = starts.find((one) => one.status === 'rejected');
  // Ctrl-C reaches the processes too: those that were just starting ended because of it.
  if (failed !== undefined && !options.signal.aborted) {
    await stopAll();
    throw new Error(messageOf(failed.reason), { cause: failed.reason });
  }
  return {
    systems: () => [...definitions.keys()].flatMap((id) => running.get(id) ?? []),
    async kill(id) {
      const { process: server } = find(id);
      killed.add(server);
      await server.kill();
    },
    revive: start,
    async behave(id, behaviour) {
      const response = await fetch(find(id).control, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(behaviour),
        signal: AbortSignal.timeout(controlTimeoutMs),
      });
      if (!response.ok) throw new Error(`${id} does not take the behaviour: ${await response.text()}`);
    },
    [Symbol.asyncDispose]: stopAll,
  };
}
