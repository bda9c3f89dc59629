import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { ProbeResult } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import { grpcFrame, type GrpcTarget, startGrpcTarget } from '../fixtures/grpc-server.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { endpointOf } from '../fixtures/send.fixture.ts';
import { createProbes } from './prober.ts';

/** A health answer that says SERVING. */
const serving = grpcFrame(Buffer.from([0x08, 1]));

async function probe({ port }: GrpcTarget, settings: Record<string, unknown>): Promise<ProbeResult> {
  const probes = createProbes({
    clock: systemClock,
    egress: createEgress({ clock: systemClock }),
    secrets: fixedSecrets({ 'env:TOKEN': 's3cret' }),
    identities: fixedIdentities(),
  });
  try {
    return await probes.probe(endpointOf('GRPC', `grpc://127.0.0.1:${port}`, { settings }), {
      deadlineMs: systemClock.now() + 5000,
      signal: new AbortController().signal,
    });
  } finally {
    await probes.close();
  }
}

test('a gRPC probe sends the metadata and authority of the interface', async () => {
  await using target = await startGrpcTarget((call) => call.answer(serving));
  const metadata = { authorization: { secret_ref: 'env:TOKEN', prefix: 'Bearer ' } };
  const settings = { metadata, authority: 'ledger.example', descriptor_set: 'ledger' };
  expect(await probe(target, settings)).toMatchObject({ alive: true, detail: 'SERVING' });
  expect(target.seen[0]?.headers).toMatchObject({
    authorization: 'Bearer s3cret',
    ':authority': 'ledger.example',
  });
});

test('a gRPC probe without the secret that it needs is not well, and says why', async () => {
  await using target = await startGrpcTarget((call) => call.answer(serving));
  const found = await probe(target, { metadata: { authorization: { secret_ref: 'env:GONE' } } });
  expect(found).toMatchObject({ alive: false, detail: expect.stringContaining('env:GONE') as string });
  expect(target.accepted).toBe(0);
});
