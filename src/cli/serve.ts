import type { Command } from 'commander';
import { withExamples } from './cli.ts';

interface ServeOptions {
  readonly config?: string;
  readonly listen?: string;
  readonly dataDir?: string;
  readonly insecure?: boolean;
}

/** `switchyard serve`: runs a hub until SIGINT or SIGTERM. Loads the hub only then, so that other commands start fast. */
export function addServe(program: Command, outcome: { exitCode: number }): void {
  withExamples(
    program
      .command('serve')
      .description('Runs a hub until it is stopped by SIGINT or SIGTERM.')
      .option('--config <file>', 'configuration file, YAML or JSON; SWITCHYARD_CONFIG')
      .option(
        '--listen <host:port>',
        'where to listen; port 0 picks a free one; SWITCHYARD_LISTEN (default: 127.0.0.1:7700)',
      )
      .option('--data-dir <dir>', 'folder of the store; SWITCHYARD_DATA_DIR (default: ./data)')
      .option('--insecure', 'allow an address that is not loopback without authentication')
      .action(async (options: ServeOptions) => {
        const { serve } = await import('../hub/serve.ts');
        outcome.exitCode = await serve({
          ...(options.config !== undefined && { config: options.config }),
          ...(options.listen !== undefined && { listen: options.listen }),
          ...(options.dataDir !== undefined && { dataDir: options.dataDir }),
          ...(options.insecure !== undefined && { insecure: options.insecure }),
        });
      }),
    [
      'switchyard serve',
      'switchyard serve --listen 127.0.0.1:0 --data-dir /tmp/hub',
      'switchyard serve --config switchyard.yaml',
    ],
  );
}
