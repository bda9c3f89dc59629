import type { HealthStatus } from '../base/health-status.ts';
import { errorRateOf, type PassiveColour, type PassiveReading } from './passive.ts';
import { isImpaired, type ProbeState } from './probe-state.ts';
import type { HealthRules } from './rules.ts';

/** Longest piece of a target's own words that a cause holds, in characters. */
export const detailCharsMax = 200;
/** Interfaces that the cause of a system names; the others are counted. */
const namedInterfacesMax = 3;

/** Why probes give an interface its status, in words for a person who was woken for it. */
export function probeCause(state: ProbeState, address: string, probed: boolean, rules: HealthRules): string {
  if (!probed) return 'not probed: its health check is off';
  if (state.last === undefined) return 'not probed yet';
  const { result } = state.last;
  const detail = shorten(result.detail);
  if (state.failuresInRow > 0) {
    const failed = `${count(state.failuresInRow, 'probe')} failed, last: ${withAddress(detail, address)}`;
    if (state.status === 'UNHEALTHY') return failed;
    return `${failed}; ${rules.failuresToUnhealthy} in a row make it UNHEALTHY`;
  }
  if (state.status === 'UNHEALTHY') {
    return `answers again (${detail}), ${state.successesInRow} of ${rules.successesToHealthy} probes that it needs`;
  }
  if (state.status === 'DEGRADED' && !isImpaired(result, rules)) {
    return `well again (${detail}), ${state.goodInRow} of ${rules.successesToHealthy} probes that it needs`;
  }
  if (state.status === 'DEGRADED' && result.degraded === true) {
    return `says itself that it is degraded: ${detail}`;
  }
  if (state.status === 'DEGRADED') {
    return `the last probe took ${Math.round(result.latencyMs)} ms, more than ${rules.slowProbeMs} ms (${detail})`;
  }
  return detail;
}

/** Why deliveries colour an interface. */
export function passiveCause(colour: PassiveColour, reading: PassiveReading, rules: HealthRules): string {
  if (colour === 'slow') {
    return `deliveries take ${Math.round(reading.latencyMs ?? 0)} ms on average, the limit is ${rules.slowDeliveryMs} ms`;
  }
  const calls = count(reading.calls, 'delivery', 'deliveries');
  const rate = `${percent(errorRateOf(reading))}, the limit is ${percent(rules.errorRateMax)}`;
  return `${reading.failures} of ${calls} failed within a minute (${rate})`;
}

/** What a report says. */
export function reportCause(status: HealthStatus, cause: string): string {
  return cause === '' ? `it reports ${status}` : `it reports ${status}: ${cause}`;
}

/** Why a system has the status of its interfaces: those that decide first, then those that are worse. */
export function interfacesCause(
  status: HealthStatus,
  interfaces: readonly { readonly name: string; readonly status: HealthStatus; readonly cause: string }[],
): string {
  const [only] = interfaces;
  if (only === undefined) return 'it has no interfaces';
  if (interfaces.length === 1) return only.cause;
  const deciding = interfaces.filter((each) => each.status === status);
  const worse = interfaces.filter((each) => each.status !== status);
  const lines = [
    ...deciding.map(({ name, cause }) => `${name}: ${cause}`),
    ...worse.map(({ name, status: own, cause }) => `${name} is ${own}: ${cause}`),
  ];
  const rest = lines.length - namedInterfacesMax;
  return lines.slice(0, namedInterfacesMax).join('; ') + (rest > 0 ? `; and ${rest} more` : '');
}

/** `host:port` of an interface's URI, as far as it can be made out; the URI itself otherwise. */
export function addressOf(uri: string): string {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/)?([^/?#@]+)/i.exec(uri)?.[1] ?? uri;
}

function withAddress(detail: string, address: string): string {
  return detail.includes(address) ? detail : `${detail} (${address})`;
}

function shorten(text: string): string {
  // Cut between two characters: half of one is no text that JSON may hold.
  return text.length <= detailCharsMax ? text : `${text.slice(0, detailCharsMax - 1).toWellFormed()}…`;
}

/** With one decimal: `4.5 %`. */
function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
