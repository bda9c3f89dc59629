/**
 * Registers a system that listens somewhere, and keeps it registered until Ctrl-C: `node register.ts ID URI`.
 * SWITCHYARD_LEASE is the lease in seconds; default 30.
 */
import { createClient } from '@connectrpc/connect';
import { RegistryService } from '@switchyard/gen/switchyard/registry/v1/registry_service_pb';
import { failureText, readFailure } from './failure.ts';
import { connectToHub } from './hub.ts';
import { keepRegistered } from './lease.ts';
import { stopSignal } from './stop-signal.ts';

const [id, uri] = process.argv.slice(2);
if (id === undefined || uri === undefined) {
  console.error('usage: node register.ts ID URI');
  process.exit(2);
}
const registry = createClient(RegistryService, connectToHub());
const system = {
  id,
  type: 'example',
  name: 'Example',
  version: '1.0.0',
  interfaces: [{ name: 'main', uri }],
};
try {
  await keepRegistered(registry, system, {
    ttlSeconds: Number(process.env.SWITCHYARD_LEASE ?? 30),
    signal: stopSignal(),
  });
} catch (error) {
  console.error(failureText(readFailure(error)));
  process.exitCode = 1;
}
