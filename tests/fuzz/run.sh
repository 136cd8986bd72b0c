#!/bin/sh
# Feeds what the tools read with bytes that nobody would write. Needs rustup; installs the rest.
#
#     sh tests/fuzz/run.sh SECONDS [TARGET...]
#
# Each target runs for so long, two at once, and begins with its seeds and with what earlier runs found of
# interest (corpus/). An input may take 5 seconds. The process may take 64 MB, the fuzzer and what it remembers
# included: so there is no sanitizer, whose own memory would count; our code has no `unsafe` for it to watch.
# A finding is in artifacts/, and ends its target and, in the end, this with 1.

set -eu
# A backtrace would be more than the memory that is allowed.
export RUST_BACKTRACE=0
cd "$(dirname "$0")"
[ $# -gt 0 ] || { echo 'usage: sh tests/fuzz/run.sh SECONDS [TARGET...]' >&2; exit 2; }
seconds=$1
shift
if [ $# -eq 0 ]; then
    for source in fuzz_targets/*.rs; do
        set -- "$@" "$(basename "$source" .rs)"
    done
fi

rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
cargo fuzz --version > /dev/null 2>&1 || cargo install --locked cargo-fuzz
cargo +nightly fuzz build --fuzz-dir . --sanitizer none
bin=target/$(rustc +nightly -vV | sed -n 's/^host: //p')/release

# shellcheck disable=SC2016 # for the shells that xargs starts
run_target='
    mkdir -p corpus/$2 artifacts/$2
    nice -n 10 $1/$2 -max_total_time=$0 -timeout=5 -rss_limit_mb=64 -max_len=4096 -print_final_stats=1 \
        -dict=dictionaries/$2.dict -artifact_prefix=artifacts/$2/ corpus/$2 seeds/$2 \
        > artifacts/$2.log 2>&1 && end=good || end="FOUND SOMETHING: artifacts/$2.log"
    figure() { sed -n "s/^stat::$1: *//p" artifacts/$target.log; }
    target=$2
    printf "%-14s %12s inputs %6s a second %4s MB  %s\n" $2 "$(figure number_of_executed_units)" \
        "$(figure average_exec_per_sec)" "$(figure peak_rss_mb)" "$end"
    [ "$end" = good ]
'
printf '%s\n' "$@" | xargs -P 2 -n 1 sh -c "$run_target" "$seconds" "$bin" || exit 1
