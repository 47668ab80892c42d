#!/usr/bin/env bash
# Fuzzes: tests/fuzz/run.sh [SECONDS [TARGET...]], all targets for five minutes each unless told. Needs nightly Rust,
# cargo-fuzz and a C++ compiler. What is found is in the target folder's `fuzz/artifacts`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
seconds=${1:-300}
shift || true
work=${CARGO_TARGET_DIR:-target}
fixtures=../fixtures/shop-1.0.1

cargo +nightly fuzz build --fuzz-dir . -s none
targets=${*:-$(cargo +nightly fuzz list --fuzz-dir .)}
for target in $targets; do
    corpus=$work/fuzz/corpus/$target
    mkdir -p "$corpus" "$work/fuzz/artifacts/$target"
    # Files of real dumps to begin with, small ones whole and of others the beginning.
    find "$fixtures" -type f | while read -r file; do
        head -c 4000 "$file" >"$corpus/seed-$(echo "$file" | md5sum | head -c 16)"
    done
    echo "== $target"
    nice -n 19 "$work/x86_64-unknown-linux-gnu/release/$target" "$corpus" -max_total_time="$seconds" -max_len=4096 \
        -dict=sql.dict -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
        -artifact_prefix="$work/fuzz/artifacts/$target/" 2>&1 | grep -v '^#\|ManualDict\|Du*$' |
        grep 'stat::number\|panicked\|assert\|left:\|right:\|SUMMARY\|Test unit' || true
done
