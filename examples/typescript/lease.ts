import { setTimeout as wait } from 'node:timers/promises';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import type { RegistryService } from '@switchyard/gen/switchyard/registry/v1/registry_service_pb';
import type { SystemSchema } from '@switchyard/gen/switchyard/registry/v1/system_pb';
import { failureText, isFinal, readFailure } from './failure.ts';

/**
 * Registers a system with a lease and renews it at a third of its ttl, until the signal; then removes it. A lease that is
 * lost (this process slept too long, somebody removed the system) is registered again: give each process an id of its
 * own, as two that share one would take it from each other. A hub that is away is tried again at the next third.
 * Throws when the hub refuses for good (wrong fields, wrong key).
 */
export async function keepRegistered(
  registry: Client<typeof RegistryService>,
  system: MessageInitShape<typeof SystemSchema> & { id: string },
  { ttlSeconds, signal }: { ttlSeconds: number; signal: AbortSignal },
): Promise<void> {
  const systemId = system.id;
  const leaseTtl = { seconds: BigInt(ttlSeconds) };
  const thirdMs = Math.round((ttlSeconds * 1000) / 3);
  const options = { timeoutMs: thirdMs };
  // Names this incarnation of the system. Empty: not registered.
  let registrationId = '';

  while (!signal.aborted) {
    try {
      if (registrationId === '') {
        ({ registrationId } = await registry.registerSystem({ system, leaseTtl }, options));
        console.log(`registered ${systemId} as ${registrationId}`);
      } else {
        const { lost } = await registry.renewLeases({ renewals: [{ systemId, registrationId }] }, options);
        if (lost[0] !== undefined) {
          console.log(`lost ${systemId} (${lost[0].reason}): ${lost[0].message}`);
          registrationId = '';
          continue;
        }
        console.log(`renewed ${systemId}`);
      }
    } catch (error) {
      const failure = readFailure(error);
      if (isFinal(failure)) throw error;
      console.error(failureText(failure));
    }
    // Ends early, with an error that says nothing new, when the signal comes.
    await wait(thirdMs, undefined, { signal }).catch(() => undefined);
  }

  if (registrationId === '') return;
  // With the registration id, so that this cannot remove a newer process under the same id.
  await registry.deregisterSystem({ systemId, registrationId }, options);
  console.log(`removed ${systemId}`);
}
