#!/bin/sh
# Writes the kept copies of the schemas anew: what the tools in target/debug print.
set -eu
cd "$(dirname "$0")/../../.."
cargo build --quiet --workspace --bins
kept=tests/docs/schemas
rm -f "$kept"/*.json
for page in man/imp*.1; do
    tool=$(basename "$page" .1)
    [ "$tool" != imp-sim ] || continue
    schema=$("target/debug/$tool" schema)
    types=$(printf '%s' "$schema" | jq -r '[.anyOf[]["$ref"] | ltrimstr("#/$defs/")] | sort | join(" ")')
    for type in $types; do
        "target/debug/$tool" schema "$type" > "$kept/$type.json"
    done
    echo "$tool: $types"
done > "$kept/tools.txt"
