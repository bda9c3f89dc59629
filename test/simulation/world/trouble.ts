import type { Clock, Timer } from '../../../src/base/clock.ts';
import type { Draws } from '../draws.ts';
import type { Disk } from './disk.ts';
import { type LinkCondition, wellLink } from './exchange.ts';
import type { SystemAgent } from './fleet.ts';
import type { Network } from './network.ts';
import { type TargetCondition, wellTarget } from './target.ts';

export interface TroubleOptions {
  readonly clock: Clock;
  readonly draws: Draws;
  readonly agents: readonly SystemAgent[];
  readonly network: Network;
  readonly disk: Disk;
  readonly log: (text: string) => void;
  readonly onFault: (what: string) => void;
}

/** More than there are kinds of episodes, so that each is as likely as another. */
const kindsMax = 999;

/** Some condition, for a while. */
interface Episode {
  readonly what: string;
  readonly begin: () => void;
  readonly end: () => void;
}

/** What befalls targets, the network and the disk: episodes that begin at random, last for a while, and end. */
export class Trouble {
  readonly #options: TroubleOptions;
  #next: Timer | undefined;
  /** Systems in an episode of their own: one at a time. */
  readonly #troubled = new Set<SystemAgent>();
  readonly #running = new Set<{ readonly episode: Episode; readonly timer: Timer }>();

  constructor(options: TroubleOptions) {
    this.#options = options;
  }

  /** Lets episodes begin from now on, one every `everyMs` on average. */
  begin(everyMs: number): void {
    const { clock, draws } = this.#options;
    const again = (): void => {
      this.#next = clock.after(draws.exponential(everyMs), () => {
        this.#start();
        again();
      });
    };
    again();
  }

  /** Ends all episodes at once: everybody is well again. */
  end(): void {
    this.#next?.cancel();
    for (const run of [...this.#running]) {
      run.timer.cancel();
      this.#finish(run);
    }
    for (const agent of this.#options.agents) agent.start();
  }

  /** Befalls one system, or by a common cause all of a type. */
  #start(): void {
    const { draws, agents } = this.#options;
    const kind = draws.int(0, kindsMax);
    const durationMs = 500 + draws.exponential(15_000);
    const agent = draws.pick(agents);
    const together = draws.chance(0.15);
    for (const each of agents) {
      const struck = together ? each.options.type === agent?.options.type : each === agent;
      if (struck && !this.#troubled.has(each)) this.#strike(each, kind, durationMs);
    }
  }

  #strike(agent: SystemAgent, kind: number, durationMs: number): void {
    const { clock, log, onFault } = this.#options;
    const episode = this.#episode(agent, kind);
    this.#troubled.add(agent);
    log(`trouble ${agent.id}: ${episode.what}`);
    onFault(episode.what);
    episode.begin();
    const timer = clock.after(durationMs, () => this.#finish(run));
    const run = {
      timer,
      episode: {
        ...episode,
        end: () => {
          this.#troubled.delete(agent);
          log(`trouble ${agent.id}: ${episode.what} is over`);
          episode.end();
        },
      },
    };
    this.#running.add(run);
  }

  #finish(run: { readonly episode: Episode; readonly timer: Timer }): void {
    this.#running.delete(run);
    run.episode.end();
  }

  #episode(agent: SystemAgent, kind: number): Episode {
    const { draws, disk } = this.#options;
    const share = (): number => draws.pick([0.1, 0.3, 0.8, 1]);
    const kinds: readonly [() => Episode, ...(() => Episode)[]] = [
      () => this.#down(agent, 'crashes', () => agent.crash(true)),
      () => this.#down(agent, 'vanishes', () => agent.crash(false)),
      () => this.#down(agent, 'deregisters', () => agent.leave()),
      () =>
        this.#down(agent, 'moves', () => {
          agent.crash(true);
          agent.move();
        }),
      () => this.#flap(agent),
      () => target(agent, 'hangs', { hung: true }),
      () => target(agent, 'fails', { errorBefore: share() / 2, errorAfter: share() / 2 }),
      () => target(agent, 'is busy', { busy: share() }),
      () => target(agent, 'declines', { notExecuted: share() }),
      () => target(agent, 'is slow', { serviceMs: draws.pick([300, 1500, 5000]) }),
      () => this.#link(agent, 'is cut off', { cutOff: true }),
      () =>
        this.#link(agent, 'cannot be reached', {
          unreachable: draws.pick(['name_not_resolved', 'tls_failed', 'connect_failed'] as const),
        }),
      () => this.#link(agent, 'loses', { lostRequest: share() / 2, lostAnswer: share() / 2 }),
      () =>
        this.#link(agent, 'resets', { resetBefore: share() / 3, resetAfter: share() / 3, resetMidway: 0.1 }),
      () => this.#link(agent, 'refuses streams', { refusedStream: share() / 2, goaway: share() / 2 }),
      () => this.#link(agent, 'garbles', { garbage: share() / 3, twice: share() / 3, trickle: share() / 3 }),
      () => this.#link(agent, 'is far away', { latencyMs: draws.pick([100, 600]), spike: 0.2 }),
      () => ({
        what: 'does not renew its lease',
        begin: () => (agent.paused = true),
        end: () => {
          agent.paused = false;
          if (agent.isUp) agent.register();
        },
      }),
      () => ({
        what: 'changes weight and zone',
        begin: () => agent.reshape(draws.int(1, 5), draws.pick(['', 'north', 'south'])),
        end: () => undefined,
      }),
      () => ({
        what: 'the disk fails',
        begin: () => (disk.faultShare = 0.3),
        end: () => (disk.faultShare = 0),
      }),
    ];
    return (kinds[kind % kinds.length] ?? kinds[0])();
  }

  #down(agent: SystemAgent, what: string, begin: () => void): Episode {
    return { what, begin, end: () => agent.start() };
  }

  #flap(agent: SystemAgent): Episode {
    const { clock, draws } = this.#options;
    let timer: Timer | undefined;
    const turn = (): void => {
      if (agent.isUp) agent.crash(true);
      else agent.start();
      timer = clock.after(draws.exponential(1500), turn);
    };
    const end = (): void => {
      timer?.cancel();
      agent.start();
    };
    return { what: 'flaps', begin: turn, end };
  }

  #link(agent: SystemAgent, what: string, change: Partial<LinkCondition>): Episode {
    const { network } = this.#options;
    const conditions = agent.uris.map((uri) => network.conditionOf(uri));
    return {
      what: `the way to it ${what}`,
      begin: () => conditions.forEach((condition) => Object.assign(condition, change)),
      end: () => conditions.forEach((condition) => Object.assign(condition, wellLink)),
    };
  }
}

function target(agent: SystemAgent, what: string, change: Partial<TargetCondition>): Episode {
  return {
    what,
    begin: () => Object.assign(agent.condition, change),
    end: () => Object.assign(agent.condition, wellTarget),
  };
}
