#!/usr/bin/env bash
# Writes gen/ anew from proto/ and from the packages that carry the standard protos. Run by `npm run gen`.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf gen/ts/src
buf generate

standard() { # module folder, then the files wanted
  local module=$1 paths=()
  shift
  for file in "$@"; do paths+=(--path "$module/$file"); done
  buf generate "$module" --template buf.gen.standard.yaml "${paths[@]}"
}
standard node_modules/grpc-health-check/proto health/v1/health.proto
standard node_modules/@grpc/reflection/build/proto grpc/reflection/v1/reflection.proto grpc/reflection/v1alpha/reflection.proto
standard node_modules/google-gax/build/protos google/rpc/error_details.proto google/rpc/status.proto
