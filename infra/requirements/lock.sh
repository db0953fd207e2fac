#!/usr/bin/env bash
# Writes the hashed requirement files from pyproject.toml. `make lock` runs it after a change of dependencies.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=infra/requirements
compile() { # output, then options; requirements on standard input
  local out=$1; shift
  uv pip compile --quiet - "$@" --generate-hashes --no-emit-index-url --no-annotate --no-header \
    --python-version 3.11 --output-file "$here/$out"
}
# One set each: uv would add the project's own dependencies to every extra that it reads from pyproject.toml.
requirements() { python "$here/sets.py" "$@"; }
compile build.txt < "$here/build.in"
for set in job edge learn; do
  requirements "$set" | compile "$set.txt" --constraint "$here/constraints.in"
done
requirements job edge learn compile dev | compile local.txt --constraint "$here/constraints.in"
requirements bench | compile bench.txt
