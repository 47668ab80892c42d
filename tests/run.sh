#!/usr/bin/env bash
# All checks and tests. What it installs and how long it takes, it says first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./servers.sh

usage() {
  cat <<'END'
usage: tests/run.sh [--quick | --help]

Checks formatting, lints, documentation, the minimum Rust version and licences, then builds everything and runs all
tests on private MariaDB and MySQL servers. Says first what is missing on this machine, and installs it.

  --quick   formatting, lints, unit tests, and the integration tests that take less than two seconds each
  --help    this text
END
}

rust_version() {
  local ours newer
  ours=$(sed -nE 's/^rust-version = "([0-9.]+)"$/\1/p' ../Cargo.toml)
  # Clippy's incompatible_msrv has looked at the uses of the standard library.
  newer=$(packages_with_rust_version | while read -r package version; do
    [ "$(printf '%s\n' "$version" "$ours" | sort -V | tail -n 1)" = "$ours" ] || echo "$package needs $version"
  done)
  [ -z "$newer" ] || die "rust-version in Cargo.toml is $ours, but"$'\n'"$newer"
  if RUSTUP_AUTO_INSTALL=0 cargo "+$ours" --version >/dev/null 2>&1; then
    CARGO_TARGET_DIR=../target/rust-$ours cargo "+$ours" check --workspace --all-targets --locked
  else
    say "  Rust $ours is not installed: the code was not compiled with it ('rustup toolchain install $ours' changes that)"
  fi
}

# NAME VERSION, a line for each crate of this machine's build that says which Rust it needs.
packages_with_rust_version() {
  cargo metadata --format-version 1 --locked --filter-platform "$(host)" |
    grep -oE '\{"name":"[^"]+","version":"[^"]+","id"|"rust_version":"[0-9.]+"' |
    awk -F '"' '$2 == "name" { name = $4 "-" $8 } $2 == "rust_version" { sub(/\.0$/, "", $4); print name, $4 }'
}

licences() {
  # The targets of deny.toml.
  fetch_crates x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu
  "$CARGO_DENY" --log-level error --config ../.ci/deny.toml check licenses bans sources
}

quick=''
case "$#,${1:-}" in
  0,) ;;
  1,--quick) quick=1 ;;
  1,--help | 1,-h) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

needs=(rustfmt clippy mariadb mysql mydumper openssl zstd)
if [ -n "$quick" ]; then
  say "quick checks and tests, on two cores: four minutes when everything is built, some 12 the first time"
else
  say "all checks and tests, on two cores: some 20 minutes when everything is built, 32 the first time"
  needs+=(pv cargo-deny)
fi
prepare "${needs[@]}"

trap '[ "$?" = 0 ] || say "failed: $step"' EXIT
step() {
  step=$1
  say "$step"
}

step "crates"
fetch_crates
step "formatting"
cargo fmt --all -- --check
step "lints"
cargo clippy --release --workspace --all-targets --locked -- -D warnings
if [ -z "$quick" ]; then
  step "documentation"
  RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps --document-private-items --locked
  step "minimum Rust version"
  rust_version
  step "licences"
  licences
fi
step "building"
cargo build --release --workspace --locked
# One failure must not hide another.
test=(cargo test --release --workspace --locked --no-fail-fast)
if [ -n "$quick" ]; then
  step "unit tests, and integration tests of less than two seconds"
  mapfile -t slow < <(grep -v '^#' slow-tests.txt)
  "${test[@]}" --lib --bins --test integration -- --exact "${slow[@]/#/--skip=}"
else
  step "tests"
  "${test[@]}"
fi
say "passed"
