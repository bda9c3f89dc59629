import { renderTable } from '../../src/cli/table.ts';
import { paint } from '../../src/cli/terminal.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import type { DemoOptions } from './demo-options.ts';
import type { DemoSystem } from './fleet.ts';

/** What the demo shows when everything is up. */
export interface Guide {
  readonly terminal: Terminal;
  /** The folder of the demo, as it is named in commands. */
  readonly folder: string;
  /** Where the hub listens. */
  readonly url: string;
  readonly systems: readonly DemoSystem[];
  readonly options: DemoOptions;
}

const defaultUrl = 'http://127.0.0.1:7700';

/** The systems, and commands to try in a second terminal. */
export function guideLines(guide: Guide): readonly string[] {
  const { terminal, folder, url, systems, options } = guide;
  const rows = systems.map(({ id, process: server, http, grpc }) => [id, http, grpc, `kill ${server.pid}`]);
  const address = url.replace('http://', '');
  // With another port than the usual one, every command must be told.
  const hubFlag = url === defaultUrl ? '' : ` --hub ${url}`;
  const catalogs = `-f ${folder}${options.chaos === undefined || !options.replicas ? '' : ` -f ${folder}/chaos`}`;
  return [
    renderTable(terminal, ['system', 'rest', 'grpc', 'how to kill it'], rows),
    '',
    'Try next, in a second terminal:',
    '',
    `  npx switchyard status${hubFlag}`,
    `  npx switchyard health --watch${hubFlag}`,
    `  npx switchyard breakers --watch${hubFlag}`,
    `  npx switchyard diff ${catalogs}${hubFlag}`,
    `  npx switchyard explain type:cmc --type data_request --kind query${hubFlag}`,
    `  npx switchyard send type:cmc --type data_request --kind query --json '{"hello": "world"}' --trace${hubFlag}`,
    `  grpcurl -plaintext ${address} list`,
    `  grpcurl -plaintext -d '{"system_id": "apoe_001", "transitive": true}' ${address} switchyard.registry.v1.RegistryService/GetDependencies`,
    `  grpcurl -plaintext ${address} switchyard.health.v1.HealthService/WatchHealth`,
    '',
    ...(options.chaos === undefined ? killingLines(guide) : []),
    paint(terminal, 'dim', 'Changes of health and breakers as they happen; Ctrl-C stops everything:'),
  ];
}

/** How to kill the first system, and what comes then. Chaos does that by itself. */
function killingLines({ url, systems }: Guide): readonly string[] {
  const first = systems[0];
  if (first === undefined) return [];
  const replicated = systems.some(({ id }) => id === 'cmc_002');
  return [
    `Then kill ${first.id} and watch its health turn and its breaker open${replicated ? ', while messages to the type cmc go on to cmc_002' : ''}:`,
    '',
    `  kill ${first.process.pid}`,
    '',
    'and bring it back, and see the breaker close:',
    '',
    `  ${revival(url, first.file, first.id)}`,
    '',
  ];
}

/** The command that starts a system anew. */
export function revival(url: string, file: string, id: string): string {
  return `npx switchyard echo -f ${file} --id ${id} --register --keep-registered --quiet --hub ${url}`;
}
