/**
 * A system that receives messages: serves ReceiverService, and keeps itself registered until Ctrl-C:
 * `node serve.ts ID [HOST:PORT]`, by default on a free port of 127.0.0.1. SWITCHYARD_LEASE as for register.ts.
 */
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createClient } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { RegistryService } from '@switchyard/gen/switchyard/registry/v1/registry_service_pb';
import { failureText, readFailure } from './failure.ts';
import { connectToHub } from './hub.ts';
import { keepRegistered } from './lease.ts';
import { receiverRoutes } from './receiver.ts';
import { stopSignal } from './stop-signal.ts';

const [id, listen = '127.0.0.1:0'] = process.argv.slice(2);
if (id === undefined) {
  console.error('usage: node serve.ts ID [HOST:PORT]');
  process.exit(2);
}
const at = new URL(`http://${listen}`);
const server = createServer(connectNodeAdapter({ routes: receiverRoutes }));
server.listen(Number(at.port), at.hostname);
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
console.log(`listening on ${at.hostname}:${port}`);

const registry = createClient(RegistryService, connectToHub());
const interfaces = [{ name: 'grpc', uri: `grpc://${at.hostname}:${port}` }];
const system = { id, type: 'example.echo', name: 'Example', version: '1.0.0', interfaces };
try {
  await keepRegistered(registry, system, {
    ttlSeconds: Number(process.env.SWITCHYARD_LEASE ?? 30),
    signal: stopSignal(),
  });
} catch (error) {
  console.error(failureText(readFailure(error)));
  process.exitCode = 1;
}
// Removed from the hub first, so that nothing is sent here any more; calls under way still finish.
server.close();
// Open connections (the hub's) would keep the process alive.
setTimeout(() => process.exit(), 2_000).unref();
