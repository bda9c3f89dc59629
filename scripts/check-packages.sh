#!/usr/bin/env bash
# Installs each package under gen/ the way a user would, into a temporary folder, and imports it there. Run by
# `npm run gen:packages`.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/tools.sh python
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# TypeScript: pack, unpack where node looks, import through the package's exports; its peer comes from the checkout.
mkdir -p "$work/ts/node_modules/@switchyard/gen"
npm pack ./gen/ts --silent --pack-destination "$work" >/dev/null
tar -xzf "$work"/switchyard-gen-*.tgz -C "$work/ts/node_modules/@switchyard/gen" --strip-components=1
ln -s "$root/node_modules/@bufbuild" "$work/ts/node_modules/@bufbuild"
cat >"$work/ts/import.mjs" <<'JS'
import { RegistryService } from '@switchyard/gen/switchyard/registry/v1/registry_service_pb';
import { ErrorInfoSchema } from '@switchyard/gen/standard/google/rpc/error_details_pb';
console.log(`gen/ts: ${RegistryService.typeName} with ${RegistryService.methods.length} methods, ${ErrorInfoSchema.typeName}`);
JS
node "$work/ts/import.mjs"

# Go: what is there compiles, and its go.sum is complete.
command -v go >/dev/null || { echo 'go is not on the path; see scripts/tools.sh' >&2; exit 1; }
go -C gen/go build -mod=readonly ./...
go -C gen/go vet -mod=readonly ./...
echo 'gen/go: builds'

# Python: built from a copy, because the build writes beside the sources.
mkdir "$work/python"
cp -r gen/python/pyproject.toml gen/python/README.md gen/python/src "$work/python/"
.cache/python/bin/python -m pip install --quiet --no-deps --no-build-isolation --no-index \
  --target "$work/site" "$work/python"
test -f "$work/site/switchyard/registry/v1/system_pb2.pyi"
test -f "$work/site/switchyard/py.typed"
cd "$work"
PYTHONPATH="$work/site" "$root/.cache/python/bin/python" - <<'PY'
from switchyard.registry.v1 import registry_service_pb2, registry_service_pb2_grpc
service = registry_service_pb2.DESCRIPTOR.services_by_name["RegistryService"]
assert registry_service_pb2_grpc.RegistryServiceStub is not None
print(f"gen/python: {service.full_name} with {len(service.methods)} methods")
PY
