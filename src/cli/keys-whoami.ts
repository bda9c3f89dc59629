import type { Command } from 'commander';
import {
  WhoAmIResponse_Method as Method,
  WhoAmIResponseSchema,
} from '#gen/switchyard/access/v1/access_service_pb.js';
import { Role } from '#gen/switchyard/access/v1/key_pb.js';
import { withExamples, withHub, withJson, withTimeout } from './cli.ts';
import type { Cli, HubOptions } from './cli.ts';
import { enumName } from './enum-name.ts';
import { messageToJson, printJson } from './json.ts';
import { instantText } from './proto-time.ts';

/** `switchyard whoami`. */
export function addWhoAmI(program: Command, cli: Cli): void {
  const command = program
    .command('whoami')
    .description('Shows who the hub takes you for, and what you may do.');
  withExamples(withJson(withTimeout(command)), ['switchyard whoami']).action(
    async (_flags: unknown, self: Command) => {
      const options = self.optsWithGlobals<HubOptions>();
      const you = await withHub(cli, options, (hub) => hub.access.whoAmI({}, hub.call));
      if (options.json === true) {
        printJson(cli.terminal, messageToJson(WhoAmIResponseSchema, you));
        return;
      }
      const by =
        you.method === Method.NONE
          ? ''
          : `, by ${enumName(Method, you.method).toLowerCase()} ${you.credential}`;
      cli.terminal.print(`${you.name}, role ${enumName(Role, you.role).toLowerCase()}${by}`);
      cli.terminal.print(`acts as: ${you.systems.length === 0 ? 'no system' : you.systems.join(', ')}`);
      if (you.expireTime !== undefined) cli.terminal.print(`until: ${instantText(you.expireTime)}`);
      if (!you.authenticationEnabled)
        cli.terminal.remark('This hub asks nobody who they are: every caller may do everything.');
    },
  );
}
