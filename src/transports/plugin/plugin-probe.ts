import { z } from 'zod';
import { messageOf } from '../../base/error.ts';
import type { Endpoint } from '../../base/transport.ts';
import { pluginCallsMax } from '../limits.ts';
import type { Finding, ProbeOptions } from '../probes/finding.ts';
import type { HostedPlugin } from './hosted-plugin.ts';
import type { PluginUri } from './plugin-uri.ts';

/** Characters of what a plug-in says. */
const detailLengthMax = 200;

const findingSchema = z.object({
  alive: z.boolean(),
  detail: z.string().optional(),
  degraded: z.boolean().optional(),
});

/** Probes an interface by the plug-in's own probe; without one by a TCP connection, when the URI has a port. */
export async function probePlugin(
  hosted: HostedPlugin,
  { endpoint, uri }: { readonly endpoint: Endpoint; readonly uri: PluginUri },
  { deadlineMs, signal }: ProbeOptions,
): Promise<Finding> {
  const { plugin } = hosted;
  const { host, port } = uri;
  if (plugin.probe === undefined && port === undefined)
    return { alive: true, detail: `not asked: the plug-in ${plugin.name} has no probe` };
  if (hosted.full)
    return { alive: false, detail: `${pluginCallsMax} calls of the plug-in ${plugin.name} are in flight` };
  const end = await hosted.run({ deadlineMs, caller: signal }, async (within): Promise<unknown> => {
    const contact = hosted.contactOf(endpoint, within);
    if (plugin.probe !== undefined) return await plugin.probe(contact);
    (await contact.connect({ host, port: port ?? 0 })).destroy();
    return { alive: true, detail: 'TCP connection opened' };
  });
  const failed = (cause: string): Finding => ({ alive: false, detail: `${uri.shown}: ${cause}` });
  if (end.kind === 'thrown') return failed(messageOf(end.thrown).slice(0, detailLengthMax));
  if (end.kind === 'given_up') return failed(`the plug-in ${plugin.name} gave no finding in time`);
  const checked = findingSchema.safeParse(end.value);
  if (!checked.success) return failed(`the plug-in ${plugin.name} gave no finding, but something else`);
  const { alive, detail = alive ? 'alive' : 'not alive', degraded } = checked.data;
  return {
    alive,
    detail: detail.slice(0, detailLengthMax),
    ...(degraded === undefined ? {} : { degraded }),
  };
}
