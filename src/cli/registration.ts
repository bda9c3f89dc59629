import { ConnectError } from '@connectrpc/connect';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/error.ts';
import type { HubClient } from './hub-client.ts';

export interface RegistrationOptions {
  readonly hub: HubClient;
  readonly system: System;
  /** Time that each renewal grants; renewed three times within it. */
  readonly leaseMs: number;
  readonly clock: Clock;
  /** Ends the renewals. */
  readonly signal: AbortSignal;
  /** Told in one line when something changes: the hub is away or back, the lease was lost. */
  readonly onRemark: (line: string) => void;
}

/** A registration that is kept alive. */
export interface Registration {
  /** Id of the incarnation that is kept now; a new one after the lease was lost. */
  registrationId(): string;
  /** Removes it, unless a newer incarnation has taken over. Failures are remarked upon. */
  deregister(): Promise<void>;
}

/**
 * Registers a system with a lease and renews it until the signal aborts. A lease that ran out (the machine slept) or a
 * system that was removed is registered again; when another process has taken over the id, renewing ends.
 * Throws when the first registration fails.
 */
export async function keepRegistered(options: RegistrationOptions): Promise<Registration> {
  const state = { registrationId: await register(options), isAway: false };
  void renewUntilAborted(options, state);
  return {
    registrationId: () => state.registrationId,
    async deregister() {
      const { hub, system } = options;
      const request = { systemId: system.id, registrationId: state.registrationId };
      try {
        await hub.registry.deregisterSystem(request, { timeoutMs: 2_000 });
      } catch (error) {
        options.onRemark(`${system.id} could not be removed from the hub: ${shortMessage(error)}`);
      }
    },
  };
}

async function register({ hub, system, leaseMs }: RegistrationOptions): Promise<string> {
  const request = { system, leaseTtl: durationFromMs(leaseMs) };
  const { registrationId } = await hub.registry.registerSystem(request, hub.call);
  return registrationId;
}

async function renewUntilAborted(
  options: RegistrationOptions,
  state: { registrationId: string; isAway: boolean },
): Promise<void> {
  const { hub, system, clock, signal, onRemark } = options;
  const isEnded = (): boolean => signal.aborted;
  while (!isEnded()) {
    try {
      await clock.sleep(options.leaseMs / 3, signal);
      const renewal = { systemId: system.id, registrationId: state.registrationId };
      const { lost } = await hub.registry.renewLeases({ renewals: [renewal] }, hub.call);
      if (lost.length > 0) {
        if (await isTakenOver(options)) {
          onRemark(`another process has registered ${system.id}; this one serves on without being called`);
          return;
        }
        state.registrationId = await register(options);
        onRemark(`the lease of ${system.id} was lost; registered again`);
      }
      if (state.isAway) onRemark('the hub is back; the lease is renewed');
      state.isAway = false;
    } catch (error) {
      if (isEnded()) return;
      if (!state.isAway) onRemark(`cannot renew the lease (${shortMessage(error)}); trying again`);
      state.isAway = true;
    }
  }
}

/** Whether the id has a live registration, which then is another's. */
async function isTakenOver({ hub, system }: RegistrationOptions): Promise<boolean> {
  const { systems } = await hub.registry.listSystems({ filter: { idPrefix: system.id } }, hub.call);
  const found = systems.find(({ id }) => id === system.id);
  return found !== undefined && found.lease?.expired !== true;
}

function shortMessage(error: unknown): string {
  return error instanceof ConnectError ? error.rawMessage : messageOf(error);
}
