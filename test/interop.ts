import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHubClients, jsonValue, plainJson, refusalOf } from './hub-client.ts';
import { type HttpTarget, startHttpTarget } from './http-target.ts';
import { type HubProcess, startHub } from './hub-process.ts';
import { expectJourney, type Journey, journeyPayload } from './journey.ts';
import { runProgram, type ServerProgram, startServerProgram } from './program.ts';
import { DeliveryState, Verdict } from '#gen/switchyard/messaging/v1/delivery_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';

/** How to start a program of test/clients. */
export interface ClientProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Tests of a language's gRPC on both sides of a hub: its client calls the hub, and the hub calls its server. */
export function describeLanguage(
  language: string,
  programs: { readonly journey: ClientProgram; readonly receiver: ClientProgram },
): void {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await startHub();
  });
  afterAll(() => hub.dispose());

  describe('as a client', () => {
    let target: HttpTarget;
    beforeAll(async () => {
      target = await startHttpTarget();
    });
    afterAll(() => target.close());

    test('registers, sends, reads error details, watches and resumes', async () => {
      const { command, args, env = {} } = programs.journey;
      const result = await runProgram(command, [...args, hub.address, target.uri, language], { env });
      expect(result.code, `${result.stderr}\n${hub.stderr()}`).toBe(0);
      expectJourney(JSON.parse(result.stdout.toString('utf8')) as Journey, language);
    });
  });

  describe('as a system that receives', () => {
    let receiver: ServerProgram;
    const systemId = `${language}.receiver`;
    const to = (type: string) => ({
      type,
      target: { target: { case: 'systemId' as const, value: systemId } },
    });
    beforeAll(async () => {
      const { command, args, env = {} } = programs.receiver;
      receiver = await startServerProgram(command, args, env);
      const interfaces = [{ name: 'main', uri: `grpc://${receiver.address}` }];
      const system = { id: systemId, type: 'interop', name: 'Receiver', version: '1', interfaces };
      await createHubClients(hub.url).registry.registerSystem({ system });
    });
    afterAll(() => receiver[Symbol.asyncDispose]());

    test('answers a message', async () => {
      const { messaging } = createHubClients(hub.url);
      const { reply, delivery } = await messaging.sendMessage({
        message: { ...to('greeting'), payload: { case: 'json', value: jsonValue(journeyPayload) } },
      });
      expect(reply?.status).toBe('OK');
      expect(reply?.headers['x-attempt']).toBe('1');
      expect(plainJson(reply?.payload)).toEqual({ echo: journeyPayload });
      expect(delivery?.state).toBe(DeliveryState.DELIVERED);
    });

    test('is found well by its grpc.health.v1', async () => {
      const { health } = createHubClients(hub.url);
      const checked = await health.checkHealth({ systemId });
      expect(checked.health[0]?.status, checked.health[0]?.cause).toBe(HealthStatus.HEALTHY);
    });

    test('its refusal comes back with code and text', async () => {
      const { messaging } = createHubClients(hub.url);
      const refusal = await refusalOf(messaging.sendMessage({ message: { ...to('refuse'), id: 'r1' } }));
      expect(refusal).toMatchObject({
        code: 'FAILED_PRECONDITION',
        reason: 'TARGET_REJECTED',
        metadata: { grpc_code: 'FAILED_PRECONDITION' },
      });
      expect(refusal.message).toContain(`${language} refuses r1: 100 % sure`);
    });

    test('its word that nothing was done counts as evidence', async () => {
      const { messaging } = createHubClients(hub.url);
      const id = `${language}-busy`;
      await refusalOf(messaging.sendMessage({ message: { ...to('busy'), id, maxAttempts: 2 } }));
      const { delivery } = await messaging.getDelivery({ deliveryId: id });
      expect(delivery?.attempts.map(({ verdict }) => verdict)).toEqual([
        Verdict.NOT_EXECUTED,
        Verdict.NOT_EXECUTED,
      ]);
    });
  });
}
