import type { Clock, Timer } from '../../../src/base/clock.ts';
import type { Policy } from '../../../src/resilience/policy.ts';
import type { Draws } from '../draws.ts';
import type { HubProcess } from './hub-process.ts';
import { randomPolicy } from './random-policy.ts';
import type { Topology } from './topology.ts';

export interface OperatorsOptions {
  readonly clock: Clock;
  readonly draws: Draws;
  readonly topology: Topology;
  /** The hub, if it takes calls now. */
  readonly hub: () => HubProcess | undefined;
  /** Ends the hub's process, in good order or not, and starts another. */
  readonly restart: (how: 'crash' | 'drain') => void;
  readonly policiesChanged: () => void;
  readonly log: (text: string) => void;
}

/** Policies of the configuration, at most, and names of those that are put. */
const policiesMax = 6;
const putsMax = 4;

/** The people who run the hub: they change policies, force breakers, and restart it. */
export class Operators {
  readonly #options: OperatorsOptions;
  #next: Timer | undefined;
  #policies: readonly Policy[] = [];
  #made = 0;

  constructor(options: OperatorsOptions) {
    this.#options = options;
    for (let count = options.draws.int(1, 5); count > 0; count -= 1) this.#policies = this.#changed();
  }

  /** The configuration's policies as they are now. */
  get policies(): readonly Policy[] {
    return this.#policies;
  }

  /** Lets them act from now on, once every `everyMs` on average. */
  begin(everyMs: number): void {
    const { clock, draws } = this.#options;
    const again = (): void => {
      this.#next = clock.after(draws.exponential(everyMs), () => {
        this.#act();
        again();
      });
    };
    again();
  }

  stop(): void {
    this.#next?.cancel();
  }

  /** Takes back every forced state. */
  resetBreakers(): void {
    const breakers = this.#options.hub()?.core.breakers;
    for (const { systemId, interface: name, state } of breakers?.list() ?? []) {
      if (!state.startsWith('FORCED')) continue;
      this.#whenDone(
        `reset ${systemId}/${name}`,
        breakers?.reset({ systemId, interface: name }, { cause: 'all is well again' }),
      );
    }
  }

  #act(): void {
    const { draws, restart } = this.#options;
    switch (draws.byShare({ reload: 0.3, put: 0.2, delete: 0.1, breaker: 0.22, crash: 0.09 }, 'drain')) {
      case 'reload':
        this.#reload();
        break;
      case 'put':
        this.#put();
        break;
      case 'delete':
        this.#delete();
        break;
      case 'breaker':
        this.#forceBreaker();
        break;
      case 'crash':
        restart('crash');
        break;
      case 'drain':
        restart('drain');
    }
  }

  /** Changes the configuration. */
  #reload(): void {
    const { hub, policiesChanged, log } = this.#options;
    this.#policies = this.#changed();
    log(`configuration has ${JSON.stringify(this.#policies)}`);
    hub()?.policies.setConfiguration(this.#policies);
    policiesChanged();
  }

  /** Puts a policy: a new one, or in place of one that was put. */
  #put(): void {
    const { draws, topology, hub } = this.#options;
    const policy = randomPolicy(`put-${draws.int(1, putsMax)}`, draws, topology);
    this.#whenDone(`put ${JSON.stringify(policy)}`, hub()?.putPolicies.put(policy));
  }

  #delete(): void {
    const { draws, hub } = this.#options;
    const name = `put-${draws.int(1, putsMax)}`;
    this.#whenDone(`delete ${name}`, hub()?.putPolicies.delete(name));
  }

  /** It may be refused: the disk may be full, or what it is about gone. */
  #whenDone(what: string, done: Promise<unknown> | undefined): void {
    const { policiesChanged, log } = this.#options;
    done?.then(
      () => {
        log(what);
        policiesChanged();
      },
      (error: unknown) => log(`${what} refused: ${String(error)}`),
    );
  }

  /** With one policy more, one less, or another one in the place of one. */
  #changed(): readonly Policy[] {
    const { draws, topology } = this.#options;
    const left = [...this.#policies];
    const goes = left.length >= policiesMax || (left.length > 0 && draws.chance(0.4));
    const place = goes ? draws.int(0, left.length - 1) : left.length;
    if (goes && draws.chance(0.5)) return left.toSpliced(place, 1);
    this.#made += 1;
    left[place] = randomPolicy(`policy-${this.#made}`, draws, topology);
    return left;
  }

  #forceBreaker(): void {
    const { draws, hub } = this.#options;
    const breakers = hub()?.core.breakers;
    const breaker = draws.pick(breakers?.list() ?? []);
    if (breakers === undefined || breaker === undefined) return;
    const { systemId, messageType } = breaker;
    const named = { systemId, interface: breaker.interface, ...(messageType === '' ? {} : { messageType }) };
    const cause = 'a person';
    const name = `${systemId}/${breaker.interface} ${messageType}`;
    if (draws.chance(0.4)) {
      this.#whenDone(`reset ${name}`, breakers.reset(named, { cause }));
      return;
    }
    const state = draws.pick(['FORCED_OPEN', 'FORCED_OPEN', 'FORCED_CLOSED'] as const);
    const forMs = draws.pick([undefined, 500, 5000, 20_000]);
    const options = { cause, state, ...(forMs === undefined ? {} : { forMs }) };
    this.#whenDone(`${state} ${name} for ${forMs ?? 'ever'}`, breakers.trip(named, options));
  }
}
