#!/usr/bin/env bash
# The benchmark: mydumper-rs against Debian's mydumper 0.10.1, on private MariaDB and MySQL servers.
#   tests/bench.sh [MEGABYTES [PAIRS]]
# MEGABYTES (1000) is about the size of the dump as INSERT text, PAIRS (3) how often each is measured. Installs
# what is missing. Needs 2 GB and seven times MEGABYTES on the disk of $TMPDIR, and four times MEGABYTES of memory.
# The tables go to the standard output, in Markdown. Times are measured, never judged.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./servers.sh

need_build_tools
need_mariadb
need_mysql
need_peer
export CARGO_NET_RETRY=10
say "building"
cargo build --release --workspace --locked
cargo run --release --locked --quiet --package integration-tests --bin bench -- "${1:-1000}" "${2:-3}"
