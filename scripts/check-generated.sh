#!/usr/bin/env bash
# Fails, naming the files, when gen/ is not what `npm run gen` would write now. Run by `npm run gen:check`.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
bash scripts/generate.sh "$fresh"

stale=0
for folder in gen/ts/src gen/go/switchyard gen/python/src gen/schemas gen/docs; do
  # Python leaves caches of compiled code wherever it imports from.
  diff -rq --exclude=__pycache__ --exclude='*.egg-info' "$folder" "$fresh/$folder" | sed "s|$fresh/|fresh |g" || stale=1
done
if [ "$stale" -ne 0 ]; then
  echo 'gen/ is stale (files above): run `npm run gen` and commit the result.' >&2
  exit 1
fi
echo 'gen/ is what `npm run gen` writes.'
