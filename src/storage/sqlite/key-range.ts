/** Highest code point; a prefix of nothing else has no successor. */
const codePointMax = 0x10ffff;

/**
 * The first text after all texts that start with `prefix`, in byte order of UTF-8 (which is the order of code
 * points); undefined when there is none, as for the empty prefix.
 */
export function prefixEnd(prefix: string): string | undefined {
  const codePoints = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = codePoints.pop(); last !== undefined; last = codePoints.pop()) {
    if (last === codePointMax) continue;
    // Surrogates are no characters: the one after U+D7FF is U+E000.
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    return String.fromCodePoint(...codePoints, next);
  }
  return undefined;
}

/** Orders texts by the bytes of their UTF-8, as SQLite does; negative when `a` comes first. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
