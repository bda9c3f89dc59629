/** Most bytes of a payload that its mark reads, so that it costs a delivery next to nothing. */
export const markedBytesMax = 256;

/**
 * A number that stands for a payload: equal payloads have equal marks, and different ones almost always different ones.
 * Longer payloads than {@link markedBytesMax} are told apart by their length and that many bytes, evenly spread. For
 * telling which deliveries asked the same; nothing may depend on it that must not go wrong. FNV-1a, 32 bits
 * (https://datatracker.ietf.org/doc/html/draft-eastlake-fnv).
 */
export function payloadMark(data: Uint8Array): number {
  let mark = 0x811c9dc5 ^ data.length;
  const stride = data.length <= markedBytesMax ? 1 : data.length / markedBytesMax;
  for (let at = 0; at < data.length; at += stride) {
    mark = Math.imul(mark ^ (data[Math.floor(at)] ?? 0), 0x01000193);
  }
  return mark >>> 0;
}
