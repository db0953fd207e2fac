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
# What the files share with each other goes by short names, the same in all three.
names=$(sed -nE 's/^ *"(\w+)": .*/\1/p' "$here/mangle.json" | paste -sd '|')
bundle() {
  "$bin/esbuild" "$here/src/$1.js" --bundle --format=esm --target=es2022 --define:VERSION="\"$version\"" \
    --mangle-props="^($names)\$" --mangle-cache="$here/mangle.json" \
    --legal-comments=none --charset=utf8 --log-level=warning |
    "$bin/terser" --module --ecma 2020 --compress passes=4,unsafe,unsafe_arrows,unsafe_methods,pure_getters --mangle --output "$out/$1.js"
}
version=
rm -f "$out"/*.js "$out"/*.js.br
bundle movements
bundle client
# The core asks for the parts by names of this build, so that no cache ever brings an old part to a new core.
version=$(cat "$out/movements.js" "$out/client.js" | sha256sum | cut -c -6)
bundle adjust
for part in movements client; do cp "$out/$part.js" "$out/$part.$version.js"; done
node "$here/compress.mjs" "$out"
