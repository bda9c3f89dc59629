import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BadRequestSchema, ErrorInfoSchema } from '#gen/standard/google/rpc/error_details_pb.js';
import { type HttpTarget, startHttpTarget } from './http-target.ts';
import { type HubProcess, startHub } from './hub-process.ts';
import { expectJourney, type Journey, journeyIds, journeyPayload, type Refusal } from './journey.ts';
import { jsonValues, type ProgramResult, runProgram } from './program.ts';
import { describeWith } from './require.ts';

let hub: HubProcess;
let target: HttpTarget;
beforeAll(async () => {
  [hub, target] = await Promise.all([startHub(), startHttpTarget()]);
});
afterAll(async () => {
  await Promise.all([hub.dispose(), target.close()]);
});

/** What a command line tool does for a journey: calls by full method name, with JSON in and out. */
interface JsonCaller {
  /** The answer of a unary call. Throws with the tool's output when it is refused. */
  call(method: string, request: unknown): Promise<Record<string, unknown>>;
  refused(method: string, request: unknown): Promise<Refusal>;
  /** Events of a server stream up to the one that `enough` waits for. */
  watch(
    method: string,
    request: unknown,
    enough: (events: readonly WatchEvent[]) => boolean,
  ): Promise<WatchEvent[]>;
}

/** An event of WatchHealth as JSON; fields with default values are left out there. */
interface WatchEvent {
  readonly snapshot?: { readonly items?: readonly { systemId: string }[]; readonly last?: boolean };
  readonly update?: { readonly items?: readonly { systemId: string }[] };
  readonly bookmark?: { readonly resumeToken: string };
}

const registry = 'switchyard.registry.v1.RegistryService';
const watchHealth = 'switchyard.health.v1.HealthService/WatchHealth';

const system = (id: string) => ({
  id,
  type: 'interop',
  name: 'Interop',
  version: '1.0.0',
  interfaces: [{ name: 'main', uri: target.uri }],
});
const idsIn = (events: readonly WatchEvent[]): string[] =>
  events
    .flatMap(({ snapshot, update }) => [...(snapshot?.items ?? []), ...(update?.items ?? [])])
    .map((item) => item.systemId);

async function travel(caller: JsonCaller, prefix: string): Promise<Journey> {
  const ids = journeyIds(prefix);
  const filter = { idPrefix: `${prefix}.` };
  const registered = (await caller.call(`${registry}/RegisterSystem`, { system: system(ids.first) })) as {
    system: { id: string };
    registrationId: string;
  };
  const sent = (await caller.call('switchyard.messaging.v1.MessagingService/SendMessage', {
    message: { type: 'greeting', target: { systemId: ids.first }, json: journeyPayload },
  })) as { reply: { status: string; json: unknown }; delivery: Journey['sent'] };
  const notFound = await caller.refused(`${registry}/GetSystem`, { systemId: ids.nobody });
  const invalid = await caller.refused(`${registry}/RegisterSystem`, {
    system: { id: 'Not A Slug', name: 'n', version: '1' },
  });

  const started = await caller.watch(
    watchHealth,
    { filter },
    (events) => events.some(({ snapshot }) => snapshot?.last) && events.some(({ bookmark }) => bookmark),
  );
  await caller.call(`${registry}/RegisterSystem`, { system: system(ids.late) });
  const token = started.find(({ bookmark }) => bookmark)?.bookmark?.resumeToken ?? '';
  const resumed = await caller.watch(watchHealth, { filter, resumeToken: token }, (events) =>
    idsIn(events).includes(ids.late),
  );
  return {
    registered: { id: registered.system.id, registrationId: registered.registrationId },
    sent: {
      status: sent.reply.status,
      payload: sent.reply.json,
      state: sent.delivery.state,
      attempts: sent.delivery.attempts.map(({ systemId, interface: name, verdict }) => ({
        systemId,
        interface: name,
        verdict,
      })),
    },
    notFound,
    invalid,
    watch: {
      snapshotIds: idsIn(started.filter(({ snapshot }) => snapshot)),
      token,
      resumedKinds: resumed.map((event) => Object.keys(event)[0] ?? ''),
      resumedIds: idsIn(resumed),
    },
  };
}

function succeeded(result: ProgramResult): ProgramResult {
  expect(result.code, `${result.stderr}\n${result.stdout.toString('utf8')}\n${hub.stderr()}`).toBe(0);
  return result;
}

/** The whole values in a program's output; none while it is still in the middle of the first. */
const eventsIn = (output: Buffer): WatchEvent[] => jsonValues(output.toString('utf8')) as WatchEvent[];

describeWith(['grpcurl'], 'grpcurl', ({ grpcurl = '' }) => {
  const run = (args: readonly string[], until?: (stdout: Buffer) => boolean): Promise<ProgramResult> =>
    runProgram(grpcurl, ['-plaintext', '-max-time', '20', ...args], until === undefined ? {} : { until });
  const caller: JsonCaller = {
    call: async (method, request) => {
      const { stdout } = succeeded(await run(['-d', JSON.stringify(request), hub.address, method]));
      return JSON.parse(stdout.toString('utf8')) as Record<string, unknown>;
    },
    refused: async (method, request) => {
      const result = await run(['-format-error', '-d', JSON.stringify(request), hub.address, method]);
      expect(result.code).not.toBe(0);
      const [status] = jsonValues(result.stderr) as {
        code: number;
        message: string;
        details: Record<string, unknown>[];
      }[];
      if (status === undefined) throw new Error(`no status in: ${result.stderr}`);
      const detail = (name: string) =>
        status.details.find((one) => one['@type'] === `type.googleapis.com/google.rpc.${name}`);
      return {
        code: { 3: 'INVALID_ARGUMENT', 5: 'NOT_FOUND' }[status.code] ?? String(status.code),
        message: status.message,
        ...errorInfo(detail('ErrorInfo')),
        fields: violatedFields(detail('BadRequest')),
      };
    },
    watch: async (method, request, enough) => {
      const { stdout, stderr } = await run(['-d', JSON.stringify(request), hub.address, method], (output) =>
        enough(eventsIn(output)),
      );
      expect(enough(eventsIn(stdout)), stderr).toBe(true);
      return eventsIn(stdout);
    },
  };

  test('lists the services by reflection', async () => {
    const { stdout } = succeeded(await run([hub.address, 'list']));
    expect(stdout.toString('utf8').trim().split('\n')).toEqual(
      expect.arrayContaining([
        'grpc.health.v1.Health',
        'switchyard.health.v1.HealthService',
        'switchyard.messaging.v1.MessagingService',
        'switchyard.registry.v1.RegistryService',
        'switchyard.resilience.v1.ResilienceService',
      ]),
    );
  });

  test('describes a service and a message', async () => {
    const service = succeeded(await run([hub.address, 'describe', registry])).stdout.toString('utf8');
    expect(service).toContain('rpc RegisterSystem ( .switchyard.registry.v1.RegisterSystemRequest )');
    const message = succeeded(await run([hub.address, 'describe', 'switchyard.messaging.v1.Message']));
    expect(message.stdout.toString('utf8')).toContain('.switchyard.type.v1.Target target = 3;');
  });

  test('asks for the health of the hub and of a system', async () => {
    const check = 'grpc.health.v1.Health/Check';
    expect(await caller.call(check, {})).toEqual({ status: 'SERVING' });
    const { code } = await caller.refused(check, { service: 'nobody' });
    expect(code).toBe('NOT_FOUND');
  });

  test('gets through', async () => {
    expectJourney(await travel(caller, 'grpcurl'), 'grpcurl');
  });

  test('a watch that runs into its time limit showed everything until then', async () => {
    const result = await run(['-max-time', '0.5', '-d', '{}', hub.address, watchHealth]);
    expect(eventsIn(result.stdout)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ bookmark: expect.anything() as unknown }) as unknown,
      ]),
    );
  });
});

describeWith(['buf'], 'buf curl', ({ buf = '' }) => {
  const protocols = [
    ['bufgrpc', ['--protocol', 'grpc', '--http2-prior-knowledge']],
    ['bufweb', ['--protocol', 'grpcweb']],
    ['bufconnect', ['--protocol', 'connect', '--http2-prior-knowledge']],
  ] as const;
  test.for(protocols)('gets through: %s', async ([prefix, flags]) => {
    const run = (
      method: string,
      request: unknown,
      until?: (stdout: Buffer) => boolean,
    ): Promise<ProgramResult> =>
      runProgram(
        buf,
        ['curl', ...flags, '-d', JSON.stringify(request), `${hub.url}/${method}`],
        until === undefined ? {} : { until },
      );
    const caller: JsonCaller = {
      call: async (method, request) =>
        JSON.parse(succeeded(await run(method, request)).stdout.toString('utf8')) as Record<string, unknown>,
      refused: async (method, request) => {
        const result = await run(method, request);
        expect(result.code).not.toBe(0);
        return connectRefusal(jsonValues(result.stderr)[0]);
      },
      watch: async (method, request, enough) => {
        const { stdout, stderr } = await run(method, request, (output) => enough(eventsIn(output)));
        expect(enough(eventsIn(stdout)), stderr).toBe(true);
        return eventsIn(stdout);
      },
    };
    expectJourney(await travel(caller, prefix), prefix);
  });
});

describeWith(['curl'], 'plain curl with JSON', () => {
  const versions = [
    ['curl1', '--http1.1'],
    ['curl2', '--http2-prior-knowledge'],
  ] as const;
  test.for(versions)('gets through: %s, %s', async ([prefix, version]) => {
    const run = (
      method: string,
      type: string,
      body: Uint8Array | string,
      until?: (stdout: Buffer) => boolean,
    ): Promise<ProgramResult> => {
      const flags = ['-sS', '-N', '--max-time', '20', version, '-H', `content-type: ${type}`];
      return runProgram('curl', [...flags, '--data-binary', '@-', `${hub.url}/${method}`], {
        input: body,
        ...(until === undefined ? {} : { until }),
      });
    };
    const unary = async (method: string, request: unknown): Promise<Record<string, unknown>> => {
      const result = succeeded(await run(method, 'application/json', JSON.stringify(request)));
      return JSON.parse(result.stdout.toString('utf8')) as Record<string, unknown>;
    };
    const caller: JsonCaller = {
      call: async (method, request) => {
        const answer = await unary(method, request);
        expect(answer, JSON.stringify(answer)).not.toHaveProperty('code');
        return answer;
      },
      refused: async (method, request) => connectRefusal(await unary(method, request)),
      watch: async (method, request, enough) => {
        const { stdout, stderr } = await run(
          method,
          'application/connect+json',
          enveloped(request),
          (output) => enough(opened(output)),
        );
        expect(enough(opened(stdout)), stderr).toBe(true);
        return opened(stdout);
      },
    };
    expectJourney(await travel(caller, prefix), prefix);
  });

  test('an unknown field is refused, not passed over', async () => {
    const result = await runProgram('curl', [
      '-sS',
      ...['-H', 'content-type: application/json', '-d', '{"filter":{"tyeps":["x"]}}'],
      `${hub.url}/${registry}/ListSystems`,
    ]);
    expect(JSON.parse(result.stdout.toString('utf8'))).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('tyeps') as string,
    });
  });
});

describe('the helper that splits JSON values', () => {
  test('leaves out a value that is not whole yet', () => {
    expect(jsonValues('{"a":"}"} {"b":{"c":"\\"{"}}\n{"d":')).toEqual([{ a: '}' }, { b: { c: '"{' } }]);
  });
});

function errorInfo(detail: unknown): Pick<Refusal, 'reason' | 'domain' | 'metadata'> {
  const info = (detail ?? {}) as Partial<Refusal>;
  return { reason: info.reason ?? '', domain: info.domain ?? '', metadata: info.metadata ?? {} };
}

function violatedFields(detail: unknown): string[] {
  const bad = (detail ?? {}) as { fieldViolations?: { field: string }[] };
  return (bad.fieldViolations ?? []).map(({ field }) => field);
}

/** Reads an error in Connect's JSON form; the details are base64 of their bytes, `debug` being only for people. */
function connectRefusal(error: unknown): Refusal {
  const {
    code,
    message,
    details = [],
  } = error as {
    code: string;
    message: string;
    details?: { type: string; value: string }[];
  };
  const bytesOf = (name: string): Buffer | undefined => {
    const detail = details.find(({ type }) => type.endsWith(`google.rpc.${name}`));
    return detail === undefined ? undefined : Buffer.from(detail.value, 'base64');
  };
  const info = bytesOf('ErrorInfo');
  const bad = bytesOf('BadRequest');
  return {
    code: code.toUpperCase(),
    message,
    ...errorInfo(info === undefined ? undefined : fromBinary(ErrorInfoSchema, info)),
    fields: violatedFields(bad === undefined ? undefined : fromBinary(BadRequestSchema, bad)),
  };
}

/** One Connect stream message: flags, length, JSON. */
function enveloped(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** The whole messages of a Connect stream so far, without its end. */
function opened(stream: Buffer): WatchEvent[] {
  const events: WatchEvent[] = [];
  let at = 0;
  while (at + 5 <= stream.length) {
    const end = at + 5 + stream.readUInt32BE(at + 1);
    if (end > stream.length) break;
    // Bit 2 marks the end of the stream, which is no event.
    if ((stream[at]! & 2) === 0) events.push(JSON.parse(stream.toString('utf8', at + 5, end)) as WatchEvent);
    at = end;
  }
  return events;
}
