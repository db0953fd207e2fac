#!/usr/bin/env bash
# Fetches the pinned jars, checks their checksums and builds the event format (udfs/format). build.sh OUTPUT
# `build.sh OUTPUT --record` writes the checksums anew, after a version in pom.xml has changed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1 mode=${2:-}
mkdir -p "$out"
out=$(cd "$out" && pwd)

rm -rf "$out/flink" "$out/kafka" "$out/oauth" "$out/format"
mvn --batch-mode --quiet --file "$here/pom.xml" -Djars="$out" package

cd "$out"
if [ "$mode" = --record ]; then
  find flink kafka oauth -name '*.jar' | LC_ALL=C sort | xargs sha256sum > "$here/jars.sha256"
fi
sha256sum --check --strict --quiet "$here/jars.sha256"
unlisted=$(comm -23 <(find flink kafka oauth -name '*.jar' | LC_ALL=C sort) <(awk '{print $2}' "$here/jars.sha256" | LC_ALL=C sort))
if [ -n "$unlisted" ]; then
  echo "no checksum is recorded for: $unlisted" >&2
  exit 1
fi

mvn --batch-mode --quiet --file "$here/../../udfs/format/pom.xml" -Dout="$out/format" -DskipTests package
cp format/microadjust-event-format.jar flink/
