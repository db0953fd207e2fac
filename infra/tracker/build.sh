#!/usr/bin/env bash
# Checks the types and builds the three modules for the page. build.sh OUTPUT
# The tools lie in OUTPUT/tools, so that the source folder stays as it is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/tools"
out=$(cd "$1" && pwd)

if ! cmp --silent "$here/package-lock.json" "$out/tools/installed.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$out/tools/"
  (cd "$out/tools" && npm ci --silent)
  cp "$here/package-lock.json" "$out/tools/installed.json"
fi
bin="$out/tools/node_modules/.bin"

"$bin/tsc" --project "$here/tsconfig.json"
# Each file by itself: a page loads the core first, and the core loads the others when it has time.
for name in adjust movements client; do
  "$bin/esbuild" "$here/src/$name.js" --bundle --minify --format=esm --target=es2022 \
    --legal-comments=none --charset=utf8 --log-level=warning --outfile="$out/$name.js"
done
