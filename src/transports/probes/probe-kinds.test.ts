import { create, toBinary } from '@bufbuild/protobuf';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from '#gen/standard/health/v1/health_pb.js';
import { systemClock } from '../../base/clock.ts';
import type { HealthCheckKind, ProbeResult } from '../../base/transport.ts';
import { createEgress } from '../egress.ts';
import { startHttp2Peer } from '../fixtures/http2-peer.fixture.ts';
import { endpointOf } from '../fixtures/send.fixture.ts';
import { listen, type TestServer, unusedPort } from '../fixtures/wire-server.fixture.ts';
import { fixedIdentities, fixedSecrets } from '../fixtures/secrets.fixture.ts';
import { createProbes, type Probes } from './prober.ts';

const noSecrets = { secrets: fixedSecrets(), identities: fixedIdentities() };

describe('a health check of any kind on an interface of any protocol', () => {
  type Protocol = 'HTTP' | 'GRPC';
  const schemes = { HTTP: 'http', GRPC: 'grpc' } as const;
  let probes: Probes;
  let http: TestServer;
  let grpc: TestServer;
  const asked: string[] = [];

  beforeEach(async () => {
    asked.length = 0;
    probes = createProbes({ clock: systemClock, egress: createEgress({ clock: systemClock }), ...noSecrets });
    http = await listen(
      createServer((request, response) => {
        asked.push(request.url ?? '');
        response.end();
      }),
    );
    const serving = toBinary(
      HealthCheckResponseSchema,
      create(HealthCheckResponseSchema, { status: HealthCheckResponse_ServingStatus.SERVING }),
    );
    grpc = await startHttp2Peer({ onRequest: (peer, { streamId }) => peer.answer(streamId, serving) });
  });
  afterEach(async () => {
    await probes.close();
    await http.close();
    await grpc.close();
  });

  const probe = (protocol: Protocol, port: number, kind: HealthCheckKind): Promise<ProbeResult> =>
    probes.probe(
      endpointOf(protocol, `${schemes[protocol]}://127.0.0.1:${port}`, { healthCheck: { kind } }),
      {
        deadlineMs: systemClock.now() + 5000,
        signal: new AbortController().signal,
      },
    );

  test.each(['HTTP', 'GRPC'] as const)('finds a living target behind a %s interface', async (protocol) => {
    expect(await probe(protocol, http.port, 'HTTP')).toMatchObject({ alive: true, detail: 'HTTP 200' });
    expect(asked).toEqual(['/health']);
    expect(await probe(protocol, grpc.port, 'GRPC')).toMatchObject({ alive: true, detail: 'SERVING' });
    expect(await probe(protocol, http.port, 'TCP')).toMatchObject({ alive: true });
  });

  test.each(['HTTP', 'GRPC'] as const)('finds nobody behind a %s interface', async (protocol) => {
    const port = await unusedPort();
    for (const kind of ['HTTP', 'GRPC', 'TCP'] as const) {
      const result = await probe(protocol, port, kind);
      expect(result).toMatchObject({ alive: false });
      expect(result.detail).toContain('connection refused');
    }
  });
});
