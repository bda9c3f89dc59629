/**
 * The text of a top-level member of a JSON object, exactly as it stands there: numbers keep every digit and keys their
 * order. `json` must be the valid text of an object. Of a name that comes twice the last counts, as in JSON.parse.
 * Undefined when there is no such member.
 */
export function rawMember(json: string, name: string): string | undefined {
  let found: string | undefined;
  let at = json.indexOf('{') + 1;
  for (;;) {
    at = pastSeparators(json, at);
    if (json[at] !== '"') return found;
    const keyEnd = stringEnd(json, at);
    const key: unknown = JSON.parse(json.slice(at, keyEnd));
    at = pastSeparators(json, keyEnd);
    const end = valueEnd(json, at);
    if (key === name) found = json.slice(at, end);
    at = end;
  }
}

const separators: ReadonlySet<string | undefined> = new Set([' ', '\t', '\n', '\r', ',', ':']);
const endsOfWord: ReadonlySet<string | undefined> = new Set([...separators, '}', ']', undefined]);

function pastSeparators(json: string, from: number): number {
  let at = from;
  while (separators.has(json[at])) at += 1;
  return at;
}

/** The place behind the value that begins at `from`. */
function valueEnd(json: string, from: number): number {
  let at = from;
  let depth = 0;
  do {
    const character = json[at];
    if (character === '"') {
      at = stringEnd(json, at);
      continue;
    }
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    else if (depth === 0) return wordEnd(json, at);
    at += 1;
  } while (depth > 0 && at < json.length);
  return at;
}

/** The place behind a number, `true`, `false` or `null`. */
function wordEnd(json: string, from: number): number {
  let at = from;
  while (!endsOfWord.has(json[at])) at += 1;
  return at;
}

/** The place behind the string whose quotation mark is at `from`. */
function stringEnd(json: string, from: number): number {
  let at = from;
  for (;;) {
    at = json.indexOf('"', at + 1);
    if (at < 0) return json.length;
    let backslashes = 0;
    while (json[at - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
}
