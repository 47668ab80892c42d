#!/usr/bin/env bash
# The demo: builds the programs, then copies a bookshop from one private MariaDB server to another through
# `mydumper --stream | myloader --stream` and compares both. Installs MariaDB if it is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./servers.sh

say "a demo, on two cores: less than a minute when everything is built, some six minutes the first time"
prepare mariadb
fetch_crates
say "building"
cargo build --release --workspace --locked
# Not with --package, which would build many crates again with fewer features.
cargo run --release --locked --quiet --manifest-path ../Cargo.toml --bin demo
