# Finds what the tests need on this machine, says what is missing and installs it. Sourced by run.sh, demo.sh and bench.sh.
#
# MariaDB comes from the machine's own Debian release. MySQL comes from Debian unstable; its libraries are newer than a
# stable release has, so it is unpacked with everything it depends on into the user's cache folder, where the test
# harness starts it with that folder's own dynamic loader.

CACHE_DIR="${XDG_CACHE_HOME:-${HOME:?is not set}/.cache}/mydumper-rs"
CARGO_DENY_VERSION=0.20.2
CARGO_DENY="$CACHE_DIR/cargo-deny-$CARGO_DENY_VERSION/bin/cargo-deny"

# Cargo's own retries of a download, before ours.
export CARGO_NET_RETRY=3

# say TEXT: a line with the minutes and seconds since the script's start.
say() { printf '== [%d:%02d] %s\n' "$((SECONDS / 60))" "$((SECONDS % 60))" "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# retry WHAT COMMAND...: runs COMMAND up to four times, then ends with an error that names WHAT.
retry() {
  local what=$1 attempt
  shift
  for attempt in 1 2 3 4; do
    "$@" && return 0
    [ "$attempt" = 4 ] || { say "$what failed (attempt $attempt of 4), trying again"; sleep $((attempt * 3)); }
  done
  die "$what failed four times, for the reasons above: check this machine's network, then run this again"
}

# prepare NEED...: finds what is missing of the needs (rustfmt, clippy, mariadb, mysql, mydumper, cargo-deny, or a program's
# name), says what it is going to install, and installs it. Rust and a C compiler are always needed, and never installed.
prepare() {
  find_missing "$@"
  [ -z "$by_hand" ] || die "to be installed by hand before this runs:$by_hand"
  announce
  if [ "${#packages[@]}" != 0 ]; then find_root; fi
  if anything_missing; then install_missing "$@"; fi
}

# find_missing NEED...: sets what is missing: what to do `by_hand`, the `packages` of Debian, `mysql` and `cargo_deny`.
find_missing() {
  local need
  by_hand='' packages=() mysql='' cargo_deny=''
  command -v cargo >/dev/null || by_hand+=$'\n  cargo: install Rust, see https://rustup.rs'
  command -v cc >/dev/null || by_hand+=$'\n  a C compiler: apt-get install gcc libc6-dev, as root'
  for need in "$@"; do
    case $need in
      rustfmt | clippy) has_cargo_part "$need" || by_hand+=$'\n  '"$need: rustup component add $need" ;;
      mariadb) has_mariadb || packages+=(mariadb-server) ;;
      mysql) has_mysql || mysql=missing ;;
      mydumper) has_mydumper || packages+=(mydumper) ;;
      cargo-deny) [ -x "$CARGO_DENY" ] || cargo_deny=missing ;;
      *) command -v "$need" >/dev/null || packages+=("$need") ;;
    esac
  done
}

# Of a toolchain that is not there at all, no part is missed.
has_cargo_part() { ! command -v cargo >/dev/null || cargo "${1/rust/}" --version >/dev/null 2>&1; }

anything_missing() { [ "${#packages[@]}" != 0 ] || [ -n "$mysql$cargo_deny" ]; }

has_mariadb() { has_server mariadbd && command -v mariadb-install-db >/dev/null && command -v mariadb >/dev/null; }

# A `mysqld` can be MariaDB's.
has_mysql() {
  { has_server mysqld && PATH=$PATH:/usr/sbin mysqld --version 2>/dev/null | grep -qv MariaDB; } ||
    { [ -x "$CACHE_DIR/mysql/usr/sbin/mysqld" ] && [ -x "$CACHE_DIR/mysql/usr/bin/mysqldump" ]; }
}

# Debian's mydumper, by its full path, which a mydumper on the PATH cannot hide.
has_mydumper() { [ -x /usr/bin/mydumper ] && [ -x /usr/bin/myloader ]; }

# has_server PROGRAM: is the server program on the PATH, or where Debian puts it?
has_server() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }

announce() {
  anything_missing || { say "nothing to install"; return 0; }
  say "to be installed first:"
  [ "${#packages[@]}" = 0 ] || say "  by apt-get, no service is started: ${packages[*]}"
  [ -z "$mysql" ] || say "  MySQL of Debian unstable, unpacked into $CACHE_DIR/mysql (70 MB to download, 330 MB on disk)"
  [ -z "$cargo_deny" ] || say "  cargo-deny $CARGO_DENY_VERSION from crates.io, built into ${CARGO_DENY%/bin/*} (one or two minutes)"
}

# Packages are installed by root; anybody else must be able to become it.
find_root() {
  local by_hand="run 'apt-get install --no-install-recommends ${packages[*]}' as root, then run this again"
  command -v apt-get >/dev/null || die "this is not Debian: install what its packages ${packages[*]} hold, then run this again"
  [ "$(id -u)" = 0 ] && return
  command -v sudo >/dev/null || die "installing packages needs root, and there is no sudo: $by_hand"
  sudo true || die "installing packages needs root, and sudo refuses: $by_hand"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# install_missing NEED...: one run at a time, since runs share the cache folder.
install_missing() {
  local lock
  mkdir -p "$CACHE_DIR"
  exec {lock}>"$CACHE_DIR/install.lock"
  flock --nonblock "$lock" || { say "another run is installing: waiting for it"; flock "$lock"; }
  # What the other run has installed is not missing any more.
  find_missing "$@"
  if [ "${#packages[@]}" != 0 ]; then install_packages; fi
  if [ -n "$mysql" ]; then unpack_mysql; fi
  if [ -n "$cargo_deny" ]; then build_cargo_deny; fi
  exec {lock}>&-
}

install_packages() {
  say "installing ${packages[*]}"
  # The lock is the whole machine's: another user's tests may install too.
  retry "installing ${packages[*]} by apt-get" \
    as_root flock /usr/sbin bash -c "$(declare -f apt_get_install); apt_get_install \"\$@\"" bash "${packages[@]}"
}

# apt_get_install PACKAGE...: as root, in a shell of its own.
apt_get_install() {
  set -e
  policy=/usr/sbin/policy-rc.d
  local output mark='# Of the tests of mydumper-rs, while they install packages.'
  # A server's package starts its service; the tests start private servers only. One that carries the mark was left by a
  # run that was killed.
  if [ ! -e "$policy" ] || grep -qxF "$mark" "$policy"; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
    chmod 755 "$policy"
  fi
  # An apt source that the packages do not come from may be out of reach. So it is the installation that tells.
  output=$(
    exec 2>&1
    apt-get -qq -o Acquire::Retries=2 update || true
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Acquire::Retries=2 -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
      install --no-install-recommends "$@"
  ) || { printf '%s\n' "$output" >&2; return 1; }
}

# The machine's Debian mirrors: a line for each of its apt sources with the section main, with URI and suite.
debian_mirrors() {
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$file" ] || continue
    # deb [options] URI suite components
    sed -nE 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]]+([^[:space:]]+)[[:space:]]+(.*\bmain\b.*)$/\2 \3/p' "$file"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -r "$file" ] || continue
    awk 'BEGIN { RS = ""; FS = "\n" }
      { uri = ""; suite = ""; main = 0
        for (i = 1; i <= NF; i++) {
          if ($i ~ /^URIs:/) { split($i, part, /[ \t]+/); uri = part[2] }
          if ($i ~ /^Suites:/) { split($i, part, /[ \t]+/); suite = part[2] }
          if ($i ~ /^Components:.*main/) main = 1
        }
        if (main && uri != "") print uri, suite
      }' "$file"
  done
}

# unpack_mysql: MySQL of Debian unstable, with its dependencies, in $CACHE_DIR/mysql.
unpack_mysql() {
  local work="$CACHE_DIR/mysql.partial" uri codename package
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  uri=$(debian_mirrors | awk -v codename="$codename" '$2 == codename || $2 ~ /^(stable|testing|unstable|sid)$/ { print $1; exit }')
  [ -n "$uri" ] || die "MySQL cannot be downloaded: no apt source of this machine has the suite '$codename' of Debian"
  say "downloading MySQL"
  rm -rf "$work"
  mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/apt/preferences.d" "$work/mysql"
  : >"$work/apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri sid main" >"$work/apt/sources.list"
  local apt=(apt-get -qq
    -o "Dir::State=$work/apt" -o "Dir::State::status=$work/apt/status" -o "Dir::State::lists=$work/apt/lists"
    -o "Dir::Cache=$work/apt" -o "Dir::Cache::archives=$work/apt/archives"
    -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o "Dir::Etc::preferencesparts=$work/apt/preferences.d"
    -o APT::Sandbox::User= -o APT::Install-Recommends=false -o APT::Update::Error-Mode=any
    -o Acquire::Retries=2 -o Acquire::Languages=none)
  retry "downloading the package list of Debian unstable" "${apt[@]}" update
  retry "downloading MySQL" "${apt[@]}" -y --download-only install mysql-server-core mysql-client-core >/dev/null
  say "unpacking MySQL"
  for package in "$work"/apt/archives/*.deb; do
    dpkg-deb -x "$package" "$work/mysql" || die "$package cannot be unpacked: see above, then run this again"
  done
  # Renamed, so that an interrupted run leaves no half of it there.
  if [ -e "$CACHE_DIR/mysql" ]; then mv "$CACHE_DIR/mysql" "$work/old"; fi
  mv "$work/mysql" "$CACHE_DIR/mysql"
  rm -rf "$work"
}

# The profile is one to build fast, since a check takes a second.
build_cargo_deny() {
  local work="$CACHE_DIR/cargo-deny.partial"
  say "building cargo-deny"
  CARGO_TARGET_DIR=$work CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_DEBUG=false CARGO_PROFILE_RELEASE_STRIP=symbols \
    retry "installing cargo-deny $CARGO_DENY_VERSION from crates.io" \
    cargo install --quiet --locked --root "${CARGO_DENY%/bin/*}" --version "$CARGO_DENY_VERSION" cargo-deny
  rm -rf "$work"
}

host() { rustc -vV | sed -n 's/^host: //p'; }

# fetch_crates [TARGET...]: downloads the crates for these targets, or for this machine. Needs no network for those that
# are there already.
fetch_crates() {
  [ "$#" != 0 ] || set -- "$(host)"
  retry "downloading crates from crates.io" \
    cargo fetch --quiet --locked --manifest-path "$(dirname "${BASH_SOURCE[0]}")/../Cargo.toml" "${@/#/--target=}"
}
