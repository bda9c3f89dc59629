import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ReceiverService } from '#gen/switchyard/messaging/v1/receiver_service_pb.js';
import { HealthStatus } from '#gen/switchyard/type/v1/health_status_pb.js';
import { openCertificateShop } from '../src/security/certificates.fixture.ts';
import { runCli } from './cli/run-cli.ts';
import { type Language, languages } from './clients/languages.ts';
import { layCable, type Running, startProgram } from './clients/running.ts';
import { createHubClients, refusalOf } from './hub-client.ts';
import { type HttpTarget, startHttpTarget } from './http-target.ts';
import { type HubProcess, startHub } from './hub-process.ts';
import { runProgram } from './program.ts';
import { describeWith } from './require.ts';

// Each test starts several programs, on two cores that other tests use too.
vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'switchyard-examples-'));
let hub: HubProcess;
let target: HttpTarget;
beforeAll(async () => {
  [hub, target] = await Promise.all([startHub(), startHttpTarget()]);
});
afterAll(async () => {
  await Promise.all([hub.dispose(), target.close()]);
  rmSync(folder, { recursive: true, force: true });
});

for (const language of languages) {
  describeWith(language.tools, `the examples in ${language.name}`, () => {
    beforeAll(() => language.prepare(folder), 300_000);
    describeExamples(language);
  });
}

function describeExamples({ name, command, env }: Language): void {
  const start = (example: string, args: readonly string[], more: Record<string, string> = {}): Running => {
    const [program, ...rest] = command(folder, example, args);
    return startProgram(program, rest, { ...env, SWITCHYARD_HUB: hub.url, ...more });
  };
  const run = async (example: string, args: readonly string[], more: Record<string, string> = {}) => {
    const [program, ...rest] = command(folder, example, args);
    const none = { SWITCHYARD_TOKEN: '', SWITCHYARD_CA: '' };
    const result = await runProgram(program, rest, {
      env: { ...env, ...none, SWITCHYARD_HUB: hub.url, ...more },
    });
    return { code: result.code, stdout: result.stdout.toString('utf8'), stderr: result.stderr };
  };

  test('register keeps a lease, takes a lost one again, and leaves at the end', async () => {
    const id = `${name}.leased`;
    const { registry, health } = createHubClients(hub.url);
    const lease = { SWITCHYARD_LEASE: '2' };
    await using running = start('register', [id, target.uri], lease);
    await running.printed(/^registered \S+ as \S+$/);
    await running.printed(/^renewed /);

    await registry.deregisterSystem({ systemId: id });
    await running.printed(/^lost \S+ \(SYSTEM_NOT_FOUND\): /);
    await running.printed(/^registered /, 2);

    // A process that slept longer than its lease.
    running.signal('SIGSTOP');
    await expect
      .poll(async () => (await health.getHealth({ systemId: id })).health?.status, { timeout: 20_000 })
      .toBe(HealthStatus.DISCONNECTED);
    running.signal('SIGCONT');
    await running.printed(/^lost \S+ \(LEASE_LOST\): /);
    await running.printed(/^registered /, 3);

    expect(await running.stop(), running.stderr()).toBe(0);
    expect(running.stdout()).toMatch(/^removed /m);
    expect(await refusalOf(registry.getSystem({ systemId: id }))).toMatchObject({
      reason: 'SYSTEM_NOT_FOUND',
    });
  });

  test('serve handles each message once; send prints the reply, and what a refusal says', async () => {
    const id = `${name}.served`;
    await using running = start('serve', [id]);
    const address = (await running.printed(/^listening on (\S+)$/))[1]!;
    await running.printed(/^registered /);

    const first = await run('send', [id, 'greeting', '{"text": "grüße", "n": 1}', `${name}-1`]);
    expect(first.code, first.stderr).toBe(0);
    expect(replyIn(first.stdout)).toEqual({ echo: { text: 'grüße', n: 1 }, handled: 1 });
    expect(first.stdout).toContain(`attempt 1: ${id}/grpc OK`);
    // The same message again: the answer that it had, and nothing done.
    const again = await run('send', [id, 'greeting', '{"text": "grüße", "n": 1}', `${name}-1`]);
    expect(replyIn(again.stdout)).toEqual({ echo: { text: 'grüße', n: 1 }, handled: 1 });
    // Two attempts at the same time.
    const receiver = createClient(ReceiverService, createGrpcTransport({ baseUrl: `http://${address}` }));
    const data = new TextEncoder().encode('[2]');
    const message = { id: 'twice', type: 'greeting', payload: { case: 'data' as const, value: data } };
    const twice = await Promise.all([receiver.receive({ message }), receiver.receive({ message })]);
    expect(twice[0]).toEqual(twice[1]);
    const other = await run('send', ['type:example.echo', 'greeting', '[3]']);
    expect(replyIn(other.stdout)).toEqual({ echo: [3], handled: 3 });

    const refused = await run('send', [id, 'greeting', 'not JSON']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('TARGET_REJECTED');
    expect(refused.stderr).toContain('the payload is not JSON');
    expect(refused.stderr).toMatch(/^ {2}executed = no$/m);

    expect(await running.stop(), running.stderr()).toBe(0);
    expect(running.stdout()).toMatch(/^removed /m);
    expect(running.stdout().match(/^handled greeting$/gm)).toHaveLength(3);
  });

  test('send tells when to come back', async () => {
    const busy = createServer((request, response) => {
      if (request.method === 'POST') response.writeHead(429, { 'retry-after': '30' });
      response.end();
    });
    busy.listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const id = `${name}.busy`;
    const interfaces = [{ name: 'main', uri: `http://127.0.0.1:${(busy.address() as AddressInfo).port}` }];
    const system = { id, type: 'busy', name: 'Busy', version: '1', interfaces };
    await createHubClients(hub.url).registry.registerSystem({ system });
    const refused = await run('send', [id, 'greeting', '[1]']);
    busy.close();
    busy.closeAllConnections();
    expect(refused.code).toBe(1);
    expect(Number(/try again after (\d+) ms/.exec(refused.stderr)?.[1]), refused.stderr).toBe(30_000);
  });

  test('errors reads reason, metadata and violations', async () => {
    const { code, stdout, stderr } = await run('errors', []);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^SYSTEM_NOT_FOUND \(.+\): .+$/m);
    expect(stdout).toMatch(/^ {2}system_id = nobody$/m);
    expect(stdout).toMatch(/^INVALID_FIELD \(.+\): .+$/m);
    expect(stdout).toMatch(/^ {2}system\.id: .+$/m);
    expect(stdout).toMatch(/^ {2}system\.interfaces: .+$/m);
  });

  test('watch resumes from its bookmark, and starts over when the hub says so', async () => {
    await using own = await startHub();
    await using cable = await layCable(() => own.port);
    const register = (id: string) => {
      const interfaces = [{ name: 'main', uri: target.uri }];
      const system = { id, type: 'watched', name: 'Watched', version: '1', interfaces };
      return createHubClients(own.url).registry.registerSystem({ system });
    };
    await register('first');
    await using running = start('watch', [], { SWITCHYARD_HUB: `http://127.0.0.1:${cable.port}` });
    await running.printed(/^first HEALTHY /);
    await running.printed(/^up to date: 1 systems$/);

    const before = running.stdout().length;
    cable.cut();
    await register('second');
    await running.printed(/^second /);
    await running.printed(/^up to date: /, 2);
    // Only what changed, and not the snapshot again.
    expect(running.stdout().slice(before)).not.toMatch(/^(first|reset)/m);

    await createHubClients(own.url).registry.deregisterSystem({ systemId: 'first' });
    await running.printed(/^first gone$/);
    await own.restart();
    await running.printed(/^reset$/);
    await running.printed(/^up to date: 1 systems$/, 2);

    expect(await running.stop(), running.stderr()).toBe(0);
  });

  describe('with TLS and keys', () => {
    const shop = openCertificateShop();
    const authority = shop.make({ cn: 'Hub CA', ca: true });
    const server = shop.make({ issuer: authority });
    const dataDir = mkdtempSync(join(tmpdir(), 'switchyard-secured-'));
    let secured: HubProcess;
    let key: string;
    beforeAll(async () => {
      const made = await runCli(['keys', 'create', 'root', '--role', 'admin', '--data-dir', dataDir]);
      key = made.stdout.trim();
      secured = await startHub({
        dataDir,
        env: {
          SWITCHYARD_TLS_CERT: server.certPath,
          SWITCHYARD_TLS_KEY: server.keyPath,
          SWITCHYARD_AUTH_ENABLED: 'true',
        },
      });
    });
    afterAll(async () => {
      await secured.dispose();
      rmSync(dataDir, { recursive: true, force: true });
      shop[Symbol.dispose]();
    });

    test('get through with both, and say what is wrong without', async () => {
      const whole = {
        SWITCHYARD_HUB: secured.url,
        SWITCHYARD_CA: authority.certPath,
        SWITCHYARD_TOKEN: key,
      };
      await using running = start('serve', [`${name}.secure`], whole);
      await running.printed(/^registered /);
      const sent = await run('send', [`${name}.secure`, 'greeting', '[1]'], whole);
      expect(sent.code, sent.stderr).toBe(0);
      expect(replyIn(sent.stdout)).toEqual({ echo: [1], handled: 1 });

      const anonymous = await run('errors', [], { ...whole, SWITCHYARD_TOKEN: '' });
      expect(anonymous.stdout).toMatch(/^UNAUTHENTICATED /m);
      const mistaken = await run('errors', [], {
        ...whole,
        SWITCHYARD_CA: shop.make({ cn: 'Other', ca: true }).certPath,
      });
      expect(mistaken.stdout).toMatch(/^no reason \(\w+\): /m);
      expect(await running.stop(), running.stderr()).toBe(0);
    });
  });
}

/** The JSON after `reply OK`. */
function replyIn(stdout: string): unknown {
  const json = /^reply OK (.*)$/m.exec(stdout)?.[1];
  return json === undefined ? stdout : JSON.parse(json);
}
