import { type EndpointKey, endpointKeyToString } from './endpoint-map.ts';

/** Names one breaker: of an interface of a system, or of one message type on it. */
export interface BreakerKey extends EndpointKey {
  /** Empty: the interface's own. */
  readonly messageType: string;
}

/** The key as text, `<system id>/<interface>`, with `/<message type>` behind it for a breaker of one type. */
export function breakerKeyToString(key: BreakerKey): string {
  const endpoint = endpointKeyToString(key);
  return key.messageType === '' ? endpoint : `${endpoint}/${key.messageType}`;
}
