#!/usr/bin/env bash
# Installs the pinned tools that npm does not: Go programs into .cache/bin, and a Python environment into .cache/python.
# Run by `npm run tools`; quick when nothing changed. Arguments: go, python, or none for both. A missing toolchain ends
# it with a text that says what to install; nothing is installed outside .cache.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache/bin

missing() {
  printf 'scripts/tools.sh: %s\n' "$1" >&2
  exit 1
}

# The stamp holds what the tools were made from, the toolchain included; the same stamp means nothing to do.
fresh() { [ -f ".cache/$1.stamp" ] && [ "$(cat ".cache/$1.stamp")" = "$2" ]; }

go_tools() {
  command -v go >/dev/null ||
    missing 'go is not on the path. Install Go 1.25 or later (https://go.dev/doc/install), then run this again.'
  local version stamp
  version=$(go env GOVERSION)
  case $version in
    go1.[0-9] | go1.[0-9].* | go1.1[0-9]* | go1.2[0-4]*)
      missing "found $version; Go 1.25 or later is needed (https://go.dev/doc/install)."
      ;;
  esac
  stamp="$version $(cat tools/go/go.mod tools/go/go.sum | cksum)"
  if fresh go "$stamp"; then return; fi
  echo 'tools: building protoc-gen-go, protoc-gen-go-grpc and grpcurl into .cache/bin'
  go -C tools/go build -o ../../.cache/bin/ tool
  echo "$stamp" >.cache/go.stamp
}

# The first python3 on the path that is new enough and can make an environment; npm may have put a poorer one in front.
usable_python() {
  local candidate
  while read -r candidate; do
    if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done < <(type -aP python3)
}

python_tools() {
  local stamp python
  stamp="$PWD $(cksum <tools/python/requirements.txt)"
  # The interpreter underneath may be gone, or be another one, since the environment was made.
  if ! fresh python "$stamp" || ! .cache/python/bin/python -c 'import grpc_tools' 2>/dev/null; then
    python=$(usable_python)
    [ -n "$python" ] ||
      missing 'no python3 on the path is 3.10 or later and has venv (Debian: apt-get install python3 python3-venv).'
    echo 'tools: installing tools/python/requirements.txt into .cache/python'
    rm -rf .cache/python .cache/python.stamp
    "$python" -m venv .cache/python
    .cache/python/bin/python -m pip install --quiet --no-deps -r tools/python/requirements.txt
    echo "$stamp" >.cache/python.stamp
  fi
  # buf starts plugins by path; this one runs on the pinned interpreter wherever the checkout lies.
  printf '#!/bin/sh\nexec "%s/.cache/python/bin/python" "%s/tools/python/protoc-gen-grpc-python"\n' "$PWD" "$PWD" \
    >.cache/bin/protoc-gen-grpc-python
  chmod +x .cache/bin/protoc-gen-grpc-python
}

[ $# -gt 0 ] || set -- go python
for tool in "$@"; do
  case $tool in
    go) go_tools ;;
    python) python_tools ;;
    *) missing "unknown argument $tool; allowed: go, python" ;;
  esac
done
