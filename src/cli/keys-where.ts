import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import type { Key } from '#gen/switchyard/access/v1/key_pb.js';
import { withHub } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import type { HubClient } from './hub-client.ts';
import { type KeyKeeper, rolesByName } from './keys-keeper.ts';
import { allPages } from './pages.ts';

/** Options of every command that works on keys. */
export interface KeysOptions extends HubOptions {
  readonly dataDir?: string;
}

/** Adds `--data-dir`. */
export function withDataDir(command: Command): Command {
  return command.option(
    '--data-dir <dir>',
    'work on the folder of a stopped hub instead, to make its first key; needs no key',
  );
}

/** Runs `action` with the hub or the folder that the options name. */
export async function withKeeper<Result>(
  cli: Cli,
  options: KeysOptions,
  action: (keeper: KeyKeeper) => Promise<Result>,
): Promise<Result> {
  if (options.dataDir === undefined) return withHub(cli, options, (hub) => action(hubKeeper(hub)));
  const { offlineKeeper } = await import('./keys-offline.ts');
  return action(offlineKeeper(options.dataDir, cli.clock));
}

function hubKeeper(hub: HubClient): KeyKeeper {
  return {
    async create({ name, role, systems, ttlMs, validateOnly }) {
      const request = {
        name,
        role: rolesByName[role],
        systems: [...systems],
        validateOnly,
        ...(ttlMs !== undefined && { ttl: durationFromMs(ttlMs) }),
      };
      const { key, secret } = await hub.access.createKey(request, hub.call);
      return { key: present(key), secret };
    },
    list: (name) =>
      allPages(async (pageToken) => {
        const page = await hub.access.listKeys({ name, pageToken, pageSize: 1000 }, hub.call);
        return { items: page.keys, nextPageToken: page.nextPageToken };
      }),
    revoke: async (prefix, { validateOnly }) =>
      present((await hub.access.revokeKey({ prefix, validateOnly }, hub.call)).key),
  };
}

function present(key: Key | undefined): Key {
  if (key === undefined) throw new Error('the hub answered without a key; it is of another version');
  return key;
}
