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
import { type CallTarget, type CallTargetPorts, callTargetOf } from '../grpc/call-target.ts';
import { grpcExchange, type GrpcEvidence } from '../grpc/grpc-exchange.ts';
import { type GrpcConnectionSettings, grpcConnectionSettings } from '../grpc/grpc-settings.ts';
import { grpcVerdictOf } from '../grpc/grpc-verdict.ts';
import { GrpcSessions } from '../grpc/sessions.ts';
import { UnsentFault } from '../unsent-fault.ts';
import { unsentResult } from '../unsent-result.ts';
import { parseAnyUri } from '../target-address.ts';
import type { Finding, ProbeOptions } from './finding.ts';

/** A health answer is a few bytes. */
const messageBytesMax = 64 * 1024;

/**
 * `grpc.health.v1.Health/Check`: SERVING is well, UNIMPLEMENTED means alive without the health service, anything else
 * is not well. The interface's `tls`, `metadata` and `authority` count for it too.
 * https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export class GrpcProbe {
  readonly #clock: Clock;
  readonly #sessions: GrpcSessions;
  readonly #ports: CallTargetPorts;

  constructor(clock: Clock, egress: Egress, ports: CallTargetPorts) {
    this.#clock = clock;
    this.#ports = ports;
    this.#sessions = new GrpcSessions(egress, clock);
  }

  async probe(endpoint: Endpoint, { deadlineMs, signal }: ProbeOptions): Promise<Finding> {
    const parsed = parseAnyUri(endpoint.uri);
    if (!parsed.ok) return { alive: false, detail: `the URI is not usable: ${parsed.problem}` };
    let target: CallTarget;
    try {
      target = await callTargetOf(parsed.address, connectionSettingsOf(endpoint.settings), this.#ports);
    } catch (thrown) {
      return { alive: false, detail: unsentResult(thrown, parsed.address.shown).detail };
    }
    const { service } = endpoint.healthCheck;
    const evidence = await grpcExchange(
      this.#sessions,
      target.session,
      {
        path: `/${Health.typeName}/${Health.method.check.name}`,
        headers: target.headers,
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

/** What the settings say about the connection. Throws {@link UnsentFault}: they are not those of a gRPC interface. */
function connectionSettingsOf(settings: Endpoint['settings']): GrpcConnectionSettings {
  const checked = grpcConnectionSettings.safeParse(settings);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new UnsentFault(
    'misconfigured',
    `settings.${(issue?.path ?? []).map(String).join('.')}: ${issue?.message ?? 'not valid'}`,
  );
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
