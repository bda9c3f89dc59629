import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHubClients } from './hub-client.ts';
import { type HubProcess, startHub } from './hub-process.ts';

const system = (id: string) => ({
  id,
  type: 'ledger',
  name: 'Ledger',
  version: '1.0.0',
  capabilities: ['books'],
  interfaces: [{ name: 'rest', uri: 'http://127.0.0.1:9', healthCheck: { kind: 4 } }],
});

describe('the hub as a process', () => {
  let hub: HubProcess;
  beforeEach(async () => {
    hub = await startHub();
  });
  afterEach(() => hub.dispose());

  test('says on one line of standard output where it listens, and logs elsewhere', () => {
    expect(hub.stdout()).toBe(`switchyard listening on ${hub.url}\n`);
    expect(hub.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  });

  test('ends with 0 after SIGTERM, also with a watch open', async () => {
    const { registry } = createHubClients(hub.url);
    const watch = registry.watchSystems({})[Symbol.asyncIterator]();
    await watch.next();
    const ended = (async () => {
      for (;;) if ((await watch.next()).done === true) return;
    })().catch(() => undefined);
    expect(await hub.stop()).toEqual({ code: 0, signal: null });
    await ended;
  });

  test('a watcher that goes away leaves no error in the log', async () => {
    await using hub = await startHub();
    const { health } = createHubClients(hub.url);
    for (let watcher = 0; watcher < 5; watcher += 1) {
      const gone = new AbortController();
      const events = health.watchHealth({}, { signal: gone.signal })[Symbol.asyncIterator]();
      await events.next();
      gone.abort();
      await expect(events.next()).rejects.toThrow();
    }
    await hub.stop();
    expect(hub.stderr()).not.toMatch(/"level":"(error|warn)"/);
  });

  test('what was registered is there after kill -9, in the same words', async () => {
    const { registry } = createHubClients(hub.url);
    const registered = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        registry.registerSystem({ system: system(`ledger-${index}`) }),
      ),
    );
    await hub.kill();
    await hub.restart();
    const listed = await createHubClients(hub.url).registry.listSystems({});
    const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
    expect(listed.systems).toEqual(registered.map((one) => one.system!).sort(byId));
  });

  test('a second hub on the same data folder is refused, and the first goes on', async () => {
    await expect(startHub({ dataDir: hub.dataDir })).rejects.toThrow(hub.dataDir);
    expect((await createHubClients(hub.url).registry.listSystems({})).systems).toEqual([]);
  });

  test('a port in use is a clear error without a stack trace', async () => {
    const second = startHub({ args: ['--listen', hub.address] });
    await expect(second).rejects.toThrow(new RegExp(`${hub.port}`));
    await expect(second).rejects.not.toThrow(/\n\s+at /);
  });
});
