import { Worker } from 'node:worker_threads';
import type { HubError } from '../../base/error.ts';
import { hubErrorOf, storeUnavailable } from './store-fault.ts';
import type { WorkerCalls, WorkerInput, WorkerOp, WorkerReply, WorkerRequest } from './worker-calls.ts';

interface Waiting {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: HubError) => void;
}

/** The worker beside this file, as source or compiled. */
const workerUrl = new URL(
  `./store-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
);

/** Calls that may wait for the worker at the same time; one more is STORE_UNAVAILABLE. */
export const callsMax = 10_000;

/** Calls to the store's worker thread. Every call gets its answer or, when the worker is gone, STORE_UNAVAILABLE. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #dataDir: string;
  readonly #waiting = new Map<number, Waiting>();
  /** Resolves when the worker has ended, for whatever reason. */
  readonly lost: Promise<void>;
  #lastId = 0;
  /** Set once the worker is gone or closing: what every call is answered with. */
  #refusal: HubError | undefined;

  /** Starts the worker and resolves when the store is open. */
  static async open(input: WorkerInput): Promise<WorkerLink> {
    const worker = new Worker(workerUrl, { name: 'switchyard-store', workerData: input, execArgv: [] });
    const link = new WorkerLink(worker, input.dataDir);
    try {
      await link.#wait(0);
      return link;
    } catch (error) {
      await link.lost;
      throw error;
    }
  }

  private constructor(worker: Worker, dataDir: string) {
    this.#worker = worker;
    this.#dataDir = dataDir;
    worker.on('message', (message: WorkerReply) => {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if ('fault' in message) waiting?.reject(hubErrorOf(message.fault));
      else waiting?.resolve(message.reply);
    });
    worker.on('error', (error) => this.#lose(error instanceof Error ? error.message : String(error)));
    worker.on('messageerror', (error) => this.#lose(error.message));
    this.lost = new Promise((resolve) => {
      worker.on('exit', (code) => {
        this.#lose(`it ended with code ${code}`);
        resolve();
      });
    });
  }

  /** Asks the worker; `transfer` hands buffers over instead of copying them. */
  call<Op extends WorkerOp>(
    op: Op,
    request: WorkerCalls[Op]['request'],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<WorkerCalls[Op]['reply']> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    if (this.#waiting.size >= callsMax) {
      return Promise.reject(
        storeUnavailable(
          `The store in ${this.#dataDir} has ${callsMax} calls waiting, the most allowed; retry with backoff.`,
          { path: this.#dataDir, fault: 'TOO_MANY_CALLS', limit: String(callsMax) },
        ),
      );
    }
    const id = (this.#lastId += 1);
    const reply = this.#wait(id) as Promise<WorkerCalls[Op]['reply']>;
    this.#worker.postMessage({ id, op, request } satisfies WorkerRequest, transfer);
    return reply;
  }

  /** Has the worker close the store, and waits until its thread has ended. A worker that is gone already is fine. */
  async close(): Promise<void> {
    try {
      if (this.#refusal === undefined) {
        const closed = this.call('close', undefined);
        this.#refusal = storeUnavailable(`The store in ${this.#dataDir} is closed.`, {
          path: this.#dataDir,
          fault: 'CLOSED',
        });
        await closed;
      }
    } finally {
      await this.lost;
    }
  }

  /** Ends the thread at once, as a crash would. For tests of that case. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #wait(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
  }

  #lose(cause: string): void {
    this.#refusal ??= storeUnavailable(
      `The thread that holds the store in ${this.#dataDir} is gone: ${cause}. Nothing more was acknowledged. Restart the hub.`,
      { path: this.#dataDir, fault: 'WORKER_GONE' },
    );
    for (const { reject } of this.#waiting.values()) reject(this.#refusal);
    this.#waiting.clear();
  }
}
