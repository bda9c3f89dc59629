/** Fields of requests and the options that fill them; the longest that fits counts. */
const optionsOfFields: readonly (readonly [field: RegExp, option: string])[] = [
  [/^system\.interfaces\b/, '--uri'],
  [/^system\.capabilities\b/, '--capability'],
  [/^system\.dependencies\b/, '--depends-on'],
  [/^system\.labels\b/, '--label'],
  [/^system\.(id|type|name|version|weight|zone)$/, '--$1'],
  [/^lease_ttl$/, '--lease'],
  [/^message\.(type|kind|source|priority|id)$/, '--$1'],
  [/^message\.correlation_id$/, '--correlation-id'],
  [/^message\.content_type$/, '--content-type'],
  [/^message\.headers\b/, '--header'],
  [/^message\.target\b/, 'the target'],
  [/^message\.(?:payload|data|json)\b/, '--json or --data'],
  [/^(timeout|etag|cause)$/, '--$1'],
  [/^duration$/, '--for'],
  [/^message_types\b/, '--type'],
  [/^target\b/, 'the target'],
  [/^all$/, '--all'],
  [/^registration_id$/, '--registration-id'],
  [/^filter\.types\b/, '--type'],
  [/^filter\.capabilities\b/, '--capability'],
  [/^filter\.labels\b/, '--label'],
  [/^filter\.id_prefix$/, '--prefix'],
  [/^filter\.(zone|text)$/, '--$1'],
];

/** Fields that texts of the hub tell their reader to set, as options. */
const namedInTexts: Readonly<Record<string, string>> = {
  return_rejections: '--return-rejections',
  if_absent: '--if-absent',
  registration_id: '--registration-id',
  repeat_safety: '--repeat-safety',
  validate_only: '--dry-run',
};

/** The option of the command line that fills a field of a request, `--type` for `system.type`; undefined when none does. */
export function optionOfField(field: string): string | undefined {
  const found = optionsOfFields.find(([pattern]) => pattern.test(field));
  if (found === undefined) return undefined;
  return found[1].replace('$1', found[0].exec(field)?.[1] ?? '');
}

/** A text of the hub with the options beside the fields that it names: `return_rejections (--return-rejections)`. */
export function inCliWords(text: string): string {
  return text.replaceAll(/\b[a-z]+_[a-z_]+\b/g, (name) => {
    const option = Object.hasOwn(namedInTexts, name) ? namedInTexts[name] : undefined;
    return option === undefined ? name : `${name} (${option})`;
  });
}
