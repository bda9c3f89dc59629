import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthCheckResponseSchema,
} from '#gen/standard/health/v1/health_pb.js';
import type { Clock } from '../../base/clock.ts';
import type { Endpoint } from '../../base/transport.ts';
import type { Egress } from '../egress.ts';
import { grpcExchange, type GrpcEvidence } from '../grpc/grpc-exchange.ts';
import { grpcVerdictOf } from '../grpc/grpc-verdict.ts';
import { GrpcSessions } from '../grpc/sessions.ts';
import { parseAnyUri } from '../target-address.ts';
import type { Finding, ProbeOptions } from './finding.ts';

/** A health answer is a few bytes. */
const messageBytesMax = 64 * 1024;

/**
 * `grpc.health.v1.Health/Check`: SERVING is well, UNIMPLEMENTED means alive without the health service, anything else
 * is not well. https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export class GrpcProbe {
  readonly #clock: Clock;
  readonly #sessions: GrpcSessions;

  constructor(clock: Clock, egress: Egress) {
    this.#clock = clock;
    this.#sessions = new GrpcSessions(egress, clock);
  }

  async probe(endpoint: Endpoint, { deadlineMs, signal }: ProbeOptions): Promise<Finding> {
    const parsed = parseAnyUri(endpoint.uri);
    if (!parsed.ok) return { alive: false, detail: `the URI is not usable: ${parsed.problem}` };
    const { service } = endpoint.healthCheck;
    const evidence = await grpcExchange(
      this.#sessions,
      parsed.address,
      {
        path: `/${Health.typeName}/${Health.method.check.name}`,
        headers: {},
        message: toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })),
      },
      { clock: this.#clock, deadlineMs, signal, messageBytesMax },
    );
    return judge(evidence, parsed.address.shown);
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }
}

function judge(evidence: GrpcEvidence, shown: string): Finding {
  let serving: ServingStatus | undefined;
  const result = grpcVerdictOf(evidence, {
    shown,
    messageBytesMax,
    decode(message) {
      serving = decodeStatus(message);
      return serving === undefined
        ? undefined
        : { status: 'OK', contentType: '', headers: {}, data: new Uint8Array() };
    },
  });
  if (result.status === 'UNIMPLEMENTED')
    return { alive: true, detail: 'UNIMPLEMENTED: alive, without the health service' };
  if (serving === undefined) return { alive: false, detail: result.detail };
  return { alive: serving === ServingStatus.SERVING, detail: ServingStatus[serving] };
}

function decodeStatus(message: Uint8Array): ServingStatus | undefined {
  try {
    return fromBinary(HealthCheckResponseSchema, message).status;
  } catch {
    // Not a health answer: the verdict is garbage.
    return undefined;
  }
}
