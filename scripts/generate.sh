#!/usr/bin/env bash
# Writes gen/ anew from proto/ and from the packages that carry the standard protos. Run by `npm run gen`.
# Argument: the folder to write gen/ into. Default: the checkout itself.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.}
bash scripts/tools.sh

# Only what buf writes; the packages' own files (package.json, go.mod, README.md …) stand beside it.
rm -rf "$out/gen/ts/src" "$out/gen/go/switchyard" "$out/gen/python/src"
buf generate -o "$out"
buf generate --template buf.gen.go.yaml -o "$out"
# Tells type checkers that the Python package carries its types.
touch "$out/gen/python/src/switchyard/py.typed"

# Go and Python take the standard protos from genproto and googleapis-common-protos.
standard() { # module folder, then the files wanted
  local module=$1 paths=()
  shift
  for file in "$@"; do paths+=(--path "$module/$file"); done
  buf generate "$module" --template buf.gen.standard.yaml -o "$out" "${paths[@]}"
}
standard node_modules/grpc-health-check/proto health/v1/health.proto
standard node_modules/@grpc/reflection/build/proto grpc/reflection/v1/reflection.proto grpc/reflection/v1alpha/reflection.proto
standard node_modules/google-gax/build/protos google/rpc/error_details.proto google/rpc/status.proto

# JSON Schemas of catalogs and configuration, from the zod schemas that check them.
node scripts/write-schemas.ts "$out"

# References for people: of the contract from the protos, of the settings from the zod schemas.
rm -rf "$out/gen/docs"
node scripts/contract-reference.ts "$out/gen/docs"
node scripts/configuration-reference.ts "$out/gen/docs"
