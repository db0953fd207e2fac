#!/usr/bin/env bash
# The rivals' environment, once, and then all benchmarks. Options go to infra/bench/run.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ ! -f .venv-bench/.ready ]; then
  echo "setting up the rivals (once)"
  .venv/bin/python -m venv .venv-bench
  .venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r infra/requirements/bench.txt
  touch .venv-bench/.ready
fi
exec .venv/bin/python -m infra.bench.run "$@"
