/** Makes two calls that the hub refuses, and prints everything that it says about them: `node errors.ts`. */
import { createClient } from '@connectrpc/connect';
import { RegistryService } from '@switchyard/gen/switchyard/registry/v1/registry_service_pb';
import { failureText, readFailure } from './failure.ts';
import { connectToHub } from './hub.ts';

const registry = createClient(RegistryService, connectToHub());
const calls = [
  () => registry.getSystem({ systemId: 'nobody' }, { timeoutMs: 5_000 }),
  () => registry.registerSystem({ system: { id: 'Not A Slug', version: '1' } }, { timeoutMs: 5_000 }),
];
for (const call of calls) {
  try {
    await call();
    console.log('not refused');
  } catch (error) {
    console.log(failureText(readFailure(error)));
  }
}
