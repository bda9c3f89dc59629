import { z } from 'zod';
import { messageOf } from '../../base/error.ts';
import type { Message } from '../../base/message.ts';
import { findRoute, type Route } from '../../base/route.ts';
import type { AttemptReason, AttemptResult, SettingViolation, Transport } from '../../base/transport.ts';
import { secretViolations } from '../endpoint-violations.ts';
import { pluginCallsMax } from '../limits.ts';
import { HostedPlugin, type HostedPluginDeps } from './hosted-plugin.ts';
import type { Plugins } from './load-plugins.ts';
import type { Plugin, PluginDeclaration, PluginMessage, PluginRoute } from './plugin.ts';
import { givenUpResult, resultOf, thrownResult } from './plugin-outcome.ts';
import { probePlugin } from './plugin-probe.ts';
import { parsePluginUri } from './plugin-uri.ts';

/** Violations that are taken from a plug-in's check. */
const violationsSchema = z.array(z.object({ path: z.string(), message: z.string() })).max(100);

export interface PluginTransportOptions extends HostedPluginDeps {
  readonly plugins: Plugins;
}

/**
 * Delivers by plug-ins: the one that speaks the URI's scheme. What a plug-in does wrong is a result that names it:
 * it throws or gives nonsense (MAY_HAVE_ACTED), hangs (the deadline ends the attempt), answers too much.
 */
export function createPluginTransport({ plugins, ...deps }: PluginTransportOptions): Transport {
  const { clock, secrets } = deps;
  const hosted = new Map(plugins.all.map((plugin) => [plugin, new HostedPlugin(plugin, deps)]));
  let closed = false;

  const find = (scheme: string): HostedPlugin | undefined => {
    const plugin = plugins.byScheme(scheme);
    return plugin && hosted.get(plugin);
  };

  return {
    protocol: 'PLUGIN',
    schemes: plugins.all.flatMap(({ schemes }) => schemes),

    checkEndpoint({ uri, settings, routes }): readonly SettingViolation[] {
      const parts = parsePluginUri(uri);
      const found = parts && find(parts.scheme);
      if (found === undefined) {
        const what = parts === undefined ? 'has no scheme and host' : `has the scheme ${parts.scheme}://`;
        const message = `${what}, which no plug-in speaks; loaded are ${plugins.shown} (the hub’s setting plugins)`;
        return [{ path: 'uri', message }];
      }
      return [
        ...secretViolations(settings, secrets, 'settings'),
        ...routes.flatMap(({ operation }, index) =>
          secretViolations(operation, secrets, `routes[${index}].operation`),
        ),
        ...checkedBy(found.plugin, { uri, settings, routes: routes.map(routeOf) }),
      ];
    },

    async send(endpoint, message, { attempt, attemptDeadlineMs, signal }): Promise<AttemptResult> {
      const parts = parsePluginUri(endpoint.uri);
      const shown = parts?.shown ?? endpoint.uri;
      const unsent = (reason: AttemptReason, cause: string): AttemptResult => ({
        verdict: 'NOT_REACHED',
        reason,
        status: '',
        detail: `${shown}: ${cause}`,
      });
      if (parts === undefined)
        return unsent('connect_failed', 'the URI is not usable: it has no scheme and host');
      const found = find(parts.scheme);
      if (found === undefined)
        return unsent('misconfigured', `no plug-in speaks ${parts.scheme}://; loaded are ${plugins.shown}`);
      if (closed) return unsent('connect_failed', 'the hub is shutting down');
      if (signal.aborted) return unsent('cancelled', 'cancelled before it was sent');
      if (!(attemptDeadlineMs > clock.now()))
        return unsent('timeout', 'the deadline of the attempt passed before it was sent');
      const route = findRoute(endpoint.routes, message.type);
      if (route === undefined && endpoint.routes.length > 0)
        return unsent('mapping_failed', `no route of the interface fits the message type ${message.type}`);
      const { plugin } = found;
      if (found.full)
        return unsent(
          'concurrency_limited',
          `${pluginCallsMax} calls of the plug-in ${plugin.name} are in flight already`,
        );
      const end = await found.run(
        { deadlineMs: attemptDeadlineMs, caller: signal },
        async (within): Promise<unknown> =>
          plugin.send({
            ...found.contactOf(endpoint, within),
            message: messageFor(message),
            route: route && routeOf(route),
            attempt,
          }),
      );
      const voice = { name: plugin.name, shown };
      switch (end.kind) {
        case 'value':
          return resultOf(end.value, voice);
        case 'thrown':
          return thrownResult(end.thrown, voice);
        case 'given_up':
          return givenUpResult(end.why, voice);
      }
    },

    async probe(endpoint, options) {
      if (endpoint.healthCheck.kind === 'NONE')
        return { alive: true, detail: 'health checks are switched off', latencyMs: 0 };
      const startMs = clock.monotonic();
      const uri = parsePluginUri(endpoint.uri);
      const found = uri && find(uri.scheme);
      const finding =
        uri === undefined || found === undefined
          ? { alive: false, detail: `no plug-in speaks ${endpoint.uri}; loaded are ${plugins.shown}` }
          : await probePlugin(found, { endpoint, uri }, options);
      return { ...finding, latencyMs: clock.monotonic() - startMs };
    },

    forget(uri) {
      try {
        find(parsePluginUri(uri)?.scheme ?? '')?.plugin.forget?.(uri);
      } catch {
        // What the plug-in keeps is its own matter; nobody waits for this.
      }
    },

    async close() {
      closed = true;
      await Promise.all([...hosted.values()].map((each) => each.close()));
    },
  };
}

function checkedBy(plugin: Plugin, declaration: PluginDeclaration): readonly SettingViolation[] {
  if (plugin.check === undefined) return [];
  const failed = (cause: string): readonly SettingViolation[] => [
    { path: 'settings', message: `the plug-in ${plugin.name} could not judge the registration: ${cause}` },
  ];
  try {
    const checked = violationsSchema.safeParse(plugin.check(declaration));
    return checked.success ? checked.data : failed('its check gave no list of violations');
  } catch (thrown) {
    return failed(messageOf(thrown).slice(0, 200));
  }
}

function routeOf({ messageType, operation }: Route): PluginRoute {
  return { messageType, operation };
}

/** A message as plug-ins see it: what this hub keeps about it stays here. */
function messageFor(message: Message): PluginMessage {
  const { id, source, type, kind, priority, correlationId, headers, contentType, data } = message;
  const { traceparent, createTimeMs } = message;
  return {
    ...{ id, source, type, kind, priority, correlationId, headers, contentType, data },
    ...{ traceparent, createTimeMs },
  };
}
