/** Longest Link header that is read, characters. */
const linkLengthMax = 16 * 1024;

/** The target of the first `rel="next"` in a Link header (RFC 8288 section 3); undefined when there is none. */
export function nextLink(header: string | undefined): string | undefined {
  let rest = (header ?? '').slice(0, linkLengthMax);
  for (;;) {
    const link = /^[\s,]*<([^>]*)>/.exec(rest);
    if (link === null) return undefined;
    rest = rest.slice(link[0].length);
    let relation: string | undefined;
    for (;;) {
      // name, name=token or name="text" with escapes.
      const parameter = /^\s*;\s*([^\s=;,"]*)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?/.exec(rest);
      if (parameter === null) break;
      rest = rest.slice(parameter[0].length);
      // Only the first rel counts.
      if (parameter[1]?.toLowerCase() === 'rel') relation ??= parameter[2] ?? parameter[3] ?? '';
    }
    if (relation?.toLowerCase().split(/\s+/).includes('next') === true) return link[1] ?? '';
  }
}
