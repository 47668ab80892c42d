#!/usr/bin/env bash
# Measures all integration tests and writes tests/slow-tests.txt, the list of those that need two seconds or more, which
# `run.sh --quick` leaves out. To be run on an idle machine after run.sh, which builds the programs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
tests=$(cargo test --release --workspace --locked --test integration --no-run 2>&1 |
  sed -n 's/^ *Executable .*(\(.*\))$/\1/p')
# Times are a feature that only nightly Rust gives without this variable. The build does not see it.
RUSTC_BOOTSTRAP=1 "$tests" -Z unstable-options --report-time | tee "$log"
{
  echo "# Integration tests that need two seconds or more. Written by slow-tests.sh; run.sh --quick leaves them out."
  sed -nE 's/^test (.*) \.\.\. ok <([0-9.]+)s>$/\2 \1/p' "$log" | awk '$1 >= 2 { print $2 }' | LC_ALL=C sort
} >tests/slow-tests.txt
