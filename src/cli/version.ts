import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Command } from 'commander';
import { messageOf } from '../base/error.ts';
import { timeoutMsOf, withExamples, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { resolveConnection } from './connection.ts';
import type { Connection } from './connection.ts';
import { printJson } from './json.ts';
import { renderFacts } from './table.ts';

/** `switchyard version`: the version of this program, and of the hub when it can be asked. Never fails for the hub's sake. */
export function addVersion(program: Command, cli: Cli): void {
  const command = program
    .command('version')
    .description('Prints the version of this program, and of the hub when it answers.')
    .option('--client', 'only of this program; asks no hub');
  withExamples(withJson(withTimeout(command)), [
    'switchyard version',
    'switchyard version --client',
    'switchyard version -o yaml',
  ]).action(async (_flags: unknown, self: Command) => {
    const options = self.optsWithGlobals<HubOptions & { readonly client?: boolean }>();
    const hub = options.client === true ? undefined : await askHub(cli, options);
    const shown = {
      client: packageVersion(),
      node: process.versions.node,
      ...(hub !== undefined && { hub: { url: hub.url, version: hub.version ?? null } }),
    };
    if (options.json === true) printJson(cli.terminal, shown);
    else {
      cli.terminal.print(
        renderFacts(cli.terminal, [
          ['switchyard', shown.client],
          ['Node.js', shown.node],
          ['hub', hub === undefined ? '' : `${hub.version ?? `unknown, ${hub.why}`}, ${hub.url}`],
        ]),
      );
    }
  });
}

/** The version of this package; src/cli and dist/cli lie equally deep in it. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

interface HubVersion {
  readonly url: string;
  readonly version: string | undefined;
  /** Why it is not known. */
  readonly why: string;
}

async function askHub(cli: Cli, options: HubOptions): Promise<HubVersion> {
  const connection = resolveConnection(cli.environment, options);
  try {
    const page = await fetchFrontPage(connection, timeoutMsOf(options), cli.signal);
    const version = /^Switchyard (\d+\.\d+\.\d+[\w.+-]*)/.exec(page)?.[1];
    return { url: connection.url, version, why: 'what answers does not say it' };
  } catch (error) {
    return { url: connection.url, version: undefined, why: `it cannot be asked (${messageOf(error)})` };
  }
}

/** Most bytes of the front page that are read. */
const pageBytesMax = 16 * 1024;

/** The hub's page at `/`, which names its version (rpc/http-routes.ts). */
function fetchFrontPage(connection: Connection, timeoutMs: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = connection.url.startsWith('https:') ? requestHttps : requestHttp;
    const headers = {
      connection: 'close',
      ...(connection.token !== undefined && { authorization: `Bearer ${connection.token}` }),
    };
    const ends = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    request(`${connection.url}/`, { headers, signal: ends, ...connection.tls }, (response) => {
      let page = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        page += text;
        if (page.length > pageBytesMax) response.destroy(new Error('its page is too large'));
      });
      response.once('end', () => resolve(page)).once('error', reject);
    })
      .once('error', reject)
      .end();
  });
}
