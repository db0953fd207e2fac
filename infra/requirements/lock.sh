#!/usr/bin/env bash
# Writes the hashed requirement files from pyproject.toml. `make lock` runs it after a change of dependencies.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=infra/requirements
compile() { # output, then the sources and extras
  local out=$1; shift
  uv pip compile --quiet "$@" --generate-hashes --no-emit-index-url --no-annotate --no-header \
    --python-version 3.11 --output-file "$here/$out"
}
compile build.txt "$here/build.in"
for set in job edge learn; do
  compile "$set.txt" pyproject.toml --extra "$set" --constraint "$here/constraints.in"
done
compile local.txt pyproject.toml --extra job --extra edge --extra learn --extra dev --constraint "$here/constraints.in"
compile bench.txt pyproject.toml --extra bench
