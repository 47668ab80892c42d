#!/usr/bin/env bash
# The benchmark: mydumper-rs, Debian's mydumper 0.10.1, mariadb-dump and mariadb, and the servers alone, on private
# MariaDB and MySQL servers. --help and docs/dev/testing.md list its options:
#   tests/bench.sh --product mariadb --case dump --runs 3 --keep ~/bench-data
# Installs what is missing. The tables go to the standard output, in Markdown. Times are measured, never judged.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/servers.sh"

prepare mariadb mysql mydumper
fetch_crates
say "building"
manifest=$here/../Cargo.toml
cargo build --release --workspace --locked --manifest-path "$manifest"
exec cargo run --release --locked --quiet --manifest-path "$manifest" --bin bench -- "$@"
