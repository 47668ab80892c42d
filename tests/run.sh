#!/usr/bin/env bash
# All checks and tests: formatting, lints, build, and the tests on real servers, which this installs if missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./servers.sh

need_build_tools
need_cargo_part fmt rustfmt
need_cargo_part clippy clippy
need_mariadb
need_mysql
need_peer
need_tools

# Downloads of crates are retried: a test run must not fail for a lost connection.
export CARGO_NET_RETRY=10
say "formatting"
cargo fmt --all -- --check
say "lints"
cargo clippy --release --workspace --all-targets --locked -- -D warnings
say "building"
cargo build --release --workspace --locked
say "tests"
# One failure must not hide another.
cargo test --release --workspace --locked --no-fail-fast
