import { createFakeClock } from '../../src/base/fake-clock.ts';
import { Draws } from './draws.ts';
import { EventLog } from './event-log.ts';
import { createInvariants } from './invariants/all.ts';
import type { Finding, Invariant, Observed } from './invariants/invariant.ts';
import { type AttemptRecord, attemptText, Ledger } from './ledger.ts';
import { Callers } from './world/callers.ts';
import { Disk } from './world/disk.ts';
import { SystemAgent } from './world/fleet.ts';
import { HubProcess, type HubProcessOptions } from './world/hub-process.ts';
import { Network } from './world/network.ts';
import { Operators } from './world/operators.ts';
import { randomTopology } from './world/topology.ts';
import { Trouble } from './world/trouble.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Gets every line of the event log as it is written. */
  readonly onLine?: (line: string) => void;
}

/** An invariant that did not hold. */
export interface Violation {
  /** The invariant, in plain words. */
  readonly invariant: string;
  readonly finding: string;
  /** Virtual time, in seconds from the start. */
  readonly atSeconds: number;
  /** The last lines of the event log. */
  readonly lastLines: readonly string[];
}

export interface SimulationResult {
  readonly seed: number;
  /** SHA-256 over everything that happened. */
  readonly trace: string;
  readonly messages: number;
  readonly attempts: number;
  readonly actions: number;
  readonly faults: number;
  readonly virtualMs: number;
  readonly violation: Violation | undefined;
}

/** Trouble lasts this long, in virtual ms. */
const troubleMs = 5 * 60_000;
/** Time after it in which nothing goes wrong, for everybody to recover. */
const calmMs = 4 * 60_000;
/** Time for the last messages to end: longer than any of them may take. */
const drainMs = 70_000;
/** Time for the hub to close: its last writes are done. */
const closeMs = 1000;
/** Time until the next message, on average. */
const messageEveryMs = 1200;
/** The same while all is well, and the time between messages to each system itself. */
const calmMessageEveryMs = 5000;
const directEveryMs = 12_000;
/** Time that calls in flight get when the hub goes in good order. */
const drainTimeoutMs = 5000;
/** A restarted hub is there after this. */
const hubRestartMs = 3000;

/**
 * One run: the real hub's routing, dispatch, resilience, health and registry in a world that a seed decides. First
 * everything goes wrong that can, then all is well and everybody must recover, then the hub drains.
 */
export async function runSimulation(options: SimulationOptions): Promise<SimulationResult> {
  return new Simulation(options).run();
}

class Simulation {
  readonly #seed: number;
  readonly #clock = createFakeClock();
  readonly #startMs = this.#clock.now();
  readonly #log: EventLog;
  readonly #ledger = new Ledger();
  readonly #network: Network;
  readonly #disk: Disk;
  readonly #agents: readonly SystemAgent[];
  readonly #callers: Callers;
  readonly #operators: Operators;
  readonly #trouble: Trouble;
  readonly #invariants: readonly Invariant[];
  #hub: HubProcess | undefined;
  #hubs = 0;
  #faults = 0;
  #violation: Violation | undefined;

  constructor({ seed, onLine }: SimulationOptions) {
    this.#seed = seed;
    this.#log = new EventLog(this.#clock, onLine);
    const clock = this.#clock;
    const ledger = this.#ledger;
    const log = (text: string): void => this.#log.add(text);
    const onFault = (what: string): void => {
      this.#faults += 1;
      log(`fault ${what}`);
    };
    const hub = (): HubProcess | undefined => (this.#hub?.isUp === true ? this.#hub : undefined);
    const observed: Observed = { clock, ledger, hub };
    this.#invariants = createInvariants(observed);
    const topology = randomTopology(this.#draws('topology'));
    this.#disk = new Disk({ clock, draws: this.#draws('disk'), onFault });
    this.#network = new Network({
      clock,
      draws: this.#draws('network'),
      ledger,
      log,
      onFault,
      observer: {
        started: (attempt) => this.#ask((invariant) => invariant.attemptStarted?.(attempt)),
        ended: (attempt) => this.#ask((invariant) => invariant.attemptEnded?.(attempt)),
      },
    });
    const network = this.#network;
    const draws = this.#draws('targets');
    const onAct = (attempt: AttemptRecord, systemId: string): void => this.#acted(attempt, systemId);
    this.#agents = topology.systems.map(
      (system) => new SystemAgent(system, { clock, draws, network, hub, onAct, onFault, log }),
    );
    this.#callers = new Callers({
      clock,
      draws: this.#draws('callers'),
      topology,
      ledger,
      hub,
      log,
      observer: {
        sent: (message) => this.#ask((invariant) => invariant.messageSent?.(message)),
        concluded: (message) => this.#ask((invariant) => invariant.messageConcluded?.(message)),
      },
    });
    this.#operators = new Operators({
      clock,
      draws: this.#draws('operators'),
      topology,
      hub,
      restart: (how) => this.#restartHub(how),
      policiesChanged: () => {
        for (const invariant of this.#invariants) invariant.policiesChanged?.();
      },
      log,
    });
    const agents = this.#agents;
    this.#trouble = new Trouble({
      clock,
      draws: this.#draws('trouble'),
      agents,
      network,
      disk: this.#disk,
      log,
      onFault,
    });
  }

  async run(): Promise<SimulationResult> {
    const onUnhandled = (reason: unknown): void => this.#found('no rejection goes unhandled', String(reason));
    process.on('unhandledRejection', onUnhandled);
    try {
      this.#openHub();
      for (const agent of this.#agents) agent.start();
      await this.#runFor(3000);
      this.#callers.begin(messageEveryMs);
      this.#trouble.begin(3000);
      this.#operators.begin(12_000);
      await this.#runFor(troubleMs);
      if (this.#violation === undefined) await this.#calm();
      if (this.#violation === undefined) await this.#drain();
    } finally {
      process.off('unhandledRejection', onUnhandled);
    }
    return {
      seed: this.#seed,
      trace: this.#log.digest(),
      messages: this.#ledger.size,
      attempts: this.#ledger.attempts,
      actions: this.#ledger.actions,
      faults: this.#faults,
      virtualMs: this.#clock.now() - this.#startMs,
      violation: this.#violation,
    };
  }

  /** All is well from now on: every system must get traffic again. */
  async #calm(): Promise<void> {
    this.#log.add('calm');
    this.#operators.stop();
    this.#trouble.end();
    await this.#runFor(drainTimeoutMs + 2 * hubRestartMs);
    this.#operators.resetBreakers();
    await this.#runFor(1000);
    this.#callers.begin(calmMessageEveryMs);
    this.#callers.beginDirect(directEveryMs);
    this.#ask((invariant) => invariant.calmBegan?.(this.#agents.map(({ id }) => id)));
    await this.#runFor(calmMs);
  }

  /** Nobody sends any more: everything must end, and nothing may be left. */
  async #drain(): Promise<void> {
    this.#log.add('drain');
    this.#callers.stop();
    await this.#runFor(drainMs);
    this.#ask((invariant) => invariant.drained?.());
    const hub = this.#hub;
    const closed = { yet: false };
    void hub?.close((text) => this.#found('the hub closes', text)).then(() => (closed.yet = true));
    await this.#runFor(closeMs);
    if (!closed.yet) this.#found('the hub closes', `it has not within ${closeMs} ms`);
    const left = hub?.clock.pendingTimers ?? 0;
    if (left > 0) this.#found('a closed hub leaves no timer', `${left} are left`);
  }

  /** Lets virtual time pass, one instant after the other, until something does not hold. */
  async #runFor(ms: number): Promise<void> {
    const endMs = this.#clock.now() + ms;
    while (this.#violation === undefined) {
      const nextMs = this.#clock.nextTimerMs ?? Infinity;
      if (nextMs > endMs) break;
      await this.#clock.advance(Math.max(0, nextMs - this.#clock.now()));
      this.#ask((invariant) => invariant.stepped?.());
    }
    if (this.#violation === undefined) await this.#clock.advance(endMs - this.#clock.now());
  }

  #openHub(): void {
    this.#hubs += 1;
    const options: HubProcessOptions = {
      number: this.#hubs,
      clock: this.#clock,
      draws: this.#draws(`hub ${this.#hubs}`),
      disk: this.#disk,
      network: this.#network,
      policies: this.#operators.policies,
      log: (text) => this.#log.add(text),
    };
    const hub = new HubProcess(options);
    this.#hub = hub;
    hub.open(options).then(
      () => {
        if (!hub.alive) return;
        // They may have changed while it opened.
        hub.policies.setConfiguration(this.#operators.policies);
        this.#log.add(`hub ${hub.number} is up`);
        for (const invariant of this.#invariants) invariant.hubOpened?.(hub);
      },
      (error: unknown) => this.#found('the hub opens', String(error)),
    );
  }

  #restartHub(how: 'crash' | 'drain'): void {
    const hub = this.#hub;
    if (hub?.isUp !== true) return;
    this.#log.add(`hub ${hub.number} ${how === 'crash' ? 'crashes' : 'drains'}`);
    // Nobody reaches it any more.
    this.#hub = undefined;
    if (how === 'crash') {
      this.#faults += 1;
      this.#endHub(hub);
    } else {
      this.#drainHub(hub, this.#clock.now() + drainTimeoutMs);
    }
  }

  /** Waits for calls in flight, closes the hub, and ends its process. */
  #drainHub(hub: HubProcess, untilMs: number): void {
    const busy = [...this.#ledger.open].some((message) => message.hub === hub.number);
    if (busy && this.#clock.now() < untilMs) {
      this.#clock.after(100, () => this.#drainHub(hub, untilMs));
      return;
    }
    void hub
      .close((text) => this.#found('the hub closes', text))
      .then(() => {
        const left = hub.clock.pendingTimers;
        if (!busy && left > 0) this.#found('a closed hub leaves no timer', `${left} are left`);
        this.#endHub(hub);
      });
  }

  #endHub(hub: HubProcess): void {
    hub.crash();
    for (const attempt of [...this.#ledger.underWay]) {
      if (attempt.hub === hub.number) this.#ledger.ended(attempt, undefined);
    }
    this.#callers.lose(hub.number);
    this.#clock.after(hubRestartMs, () => this.#openHub());
  }

  #acted(attempt: AttemptRecord, systemId: string): void {
    this.#log.add(`acts ${attemptText(attempt)}`);
    const action = { systemId, attempt };
    this.#ledger.acted(action);
    this.#ask((invariant) => invariant.acted?.(action));
  }

  #ask(question: (invariant: Invariant) => Finding): void {
    for (const invariant of this.#invariants) {
      const finding = question(invariant);
      if (finding !== undefined) this.#found(invariant.name, finding);
    }
  }

  /** Only the first counts: what follows may be its consequence. */
  #found(invariant: string, finding: string): void {
    if (this.#violation !== undefined) return;
    this.#log.add(`violated: ${invariant}: ${finding}`);
    this.#violation = {
      invariant,
      finding,
      atSeconds: (this.#clock.now() - this.#startMs) / 1000,
      lastLines: [...this.#log.last],
    };
  }

  #draws(purpose: string): Draws {
    return Draws.of(this.#seed, purpose);
  }
}
