#!/usr/bin/env bash
# Micro-benchmarks of single modules; no server is needed. --help lists what to give.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
usage: tests/micro/run.sh [ARGUMENTS OF cargo bench]

Measures mydumper's encoders and chunk splitter, myloader's conversion of INSERT to LOAD DATA, and the SQL tokenizer and
statement reader. Compares with the run before. The first run builds for some minutes.

  tests/micro/run.sh                                  # all, some four minutes
  tests/micro/run.sh -- --quick                       # all, less exact
  tests/micro/run.sh --bench encoder -- 'INSERT'      # one of chunks, encoder, load_data, sql; names that match
  tests/micro/run.sh -- --save-baseline before        # keep the figures, for a later run with --baseline before
TEXT
}

case "${1:-}" in
  --help | -h) usage; exit 0 ;;
esac

# The dependencies' versions are those of the programs.
if [ ! -e Cargo.lock ] || [ ../../Cargo.lock -nt Cargo.lock ]; then
  cp ../../Cargo.lock Cargo.lock
fi
exec cargo bench "$@"
