#!/usr/bin/env bash
# Fetches the pinned jars, checks their checksums and compiles the event format. build.sh PYTHON OUTPUT
# `build.sh PYTHON OUTPUT --record` writes the checksums anew, after a version in pom.xml has changed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1") out=$2 mode=${3:-}
mkdir -p "$out"
out=$(cd "$out" && pwd)

rm -rf "$out/flink" "$out/kafka" "$out/classes"
mvn --batch-mode --quiet --file "$here/pom.xml" -Djars="$out" package

cd "$out"
if [ "$mode" = --record ]; then
  find flink kafka -name '*.jar' | LC_ALL=C sort | xargs sha256sum > "$here/jars.sha256"
fi
sha256sum --check --strict --quiet "$here/jars.sha256"
unlisted=$(comm -23 <(find flink kafka -name '*.jar' | LC_ALL=C sort) <(awk '{print $2}' "$here/jars.sha256" | LC_ALL=C sort))
if [ -n "$unlisted" ]; then
  echo "no checksum is recorded for: $unlisted" >&2
  exit 1
fi

flink=$("$python" -c 'import os, pyflink; print(os.path.dirname(pyflink.__file__))')
mkdir -p classes/META-INF/services
javac --release 17 -Xlint:all -Xlint:-processing,-classfile -Werror -cp "$flink/lib/*" -d classes \
  "$here"/../../schemas/format/src/microadjust/format/*.java
echo microadjust.format.EventFormatFactory > classes/META-INF/services/org.apache.flink.table.factories.Factory
jar --create --file flink/microadjust-event-format.jar -C classes .
rm -rf classes
