# Installs the servers and tools that the tests need, each only when missing. Sourced by run.sh and demo.sh.
#
# MariaDB comes from the machine's own Debian release. MySQL comes from Debian unstable; its libraries are
# newer than a stable release has, so it is unpacked with everything it depends on into the user's cache
# folder, where the test harness starts it with that folder's own dynamic loader.

CACHE_DIR="${XDG_CACHE_HOME:-$HOME/.cache}/mydumper-rs"

say() { printf '== %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# retry WHAT COMMAND...: runs COMMAND up to four times, then ends with an error that names WHAT.
retry() {
  local what=$1 attempt
  shift
  for attempt in 1 2 3 4; do
    "$@" && return 0
    [ "$attempt" = 4 ] || { say "$what failed (attempt $attempt of 4), trying again"; sleep $((attempt * 3)); }
  done
  die "$what failed four times: check this machine's network and apt sources, then run this again"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# have_server PROGRAM: is the server program on the PATH, or where Debian puts it?
have_server() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }

# install_packages PACKAGE...: installs Debian packages without starting any service they bring.
install_packages() {
  local policy=/usr/sbin/policy-rc.d made_policy=
  say "installing $* from Debian"
  retry "apt-get update" as_root apt-get -qq -o Acquire::Retries=3 update
  # A server package starts its service on installation; the tests start private servers only.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    made_policy=1
  fi
  local status=0
  (retry "apt-get install $*" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 install --no-install-recommends "$@" >/dev/null) || status=$?
  [ -z "$made_policy" ] || as_root rm -f "$policy"
  return "$status"
}

# The machine's own Debian mirror, read from its apt sources, with the suite changed to unstable.
unstable_sources() {
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
  local work="$CACHE_DIR/mysql.partial" uri codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  uri=$(unstable_sources | awk -v suite="$codename" '$2 == suite { print $1; exit }')
  [ -n "$uri" ] || die "no Debian mirror with the suite '$codename' among this machine's apt sources: MySQL cannot be downloaded"
  say "unpacking MySQL of Debian unstable into $CACHE_DIR/mysql"
  rm -rf "$work"
  mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/apt/preferences.d" "$work/root"
  : >"$work/apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri sid main" >"$work/apt/sources.list"
  local apt=(apt-get -qq
    -o "Dir::State=$work/apt" -o "Dir::State::status=$work/apt/status" -o "Dir::State::lists=$work/apt/lists"
    -o "Dir::Cache=$work/apt" -o "Dir::Cache::archives=$work/apt/archives"
    -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o "Dir::Etc::preferencesparts=$work/apt/preferences.d"
    -o APT::Sandbox::User= -o APT::Install-Recommends=false -o Acquire::Retries=3 -o Acquire::Languages=none)
  retry "apt-get update of Debian unstable" "${apt[@]}" update
  retry "download of mysql-server-core" "${apt[@]}" -y --download-only install mysql-server-core >/dev/null
  local package
  for package in "$work"/apt/archives/*.deb; do
    dpkg-deb -x "$package" "$work/root" || die "$package does not unpack: the download is damaged, run this again"
  done
  rm -rf "$work/apt"
  rm -rf "$CACHE_DIR/mysql"
  mv "$work/root" "$CACHE_DIR/mysql"
  rmdir "$work"
}

need_mariadb() {
  { have_server mariadbd && command -v mariadb-install-db >/dev/null 2>&1; } || install_packages mariadb-server
}

need_mysql() {
  have_server mysqld && mysqld --version 2>/dev/null | grep -qv MariaDB && return 0
  [ -x "$CACHE_DIR/mysql/usr/sbin/mysqld" ] || unpack_mysql
}

# need_peer: Debian's mydumper, by its full path, which a mydumper on the PATH cannot hide.
need_peer() {
  { [ -x /usr/bin/mydumper ] && [ -x /usr/bin/myloader ]; } || install_packages mydumper
}

# need_build_tools: cargo, and the C compiler and linker that crates with C code need.
need_build_tools() {
  command -v cargo >/dev/null 2>&1 || die "cargo is missing: install Rust (rustup, https://rustup.rs), then run this again"
  command -v cc >/dev/null 2>&1 || die "a C compiler is missing: install gcc and libc6-dev (apt-get install build-essential), then run this again"
}

# need_cargo_part SUBCOMMAND COMPONENT: a component of the Rust toolchain.
need_cargo_part() {
  cargo "$1" --version >/dev/null 2>&1 || die "cargo $1 is missing: install it (rustup component add $2), then run this again"
}

# need_tools: the other programs that tests run; each comes from the Debian package of its name.
need_tools() {
  local tool missing=()
  for tool in openssl pv zstd; do
    command -v "$tool" >/dev/null 2>&1 || missing+=("$tool")
  done
  [ "${#missing[@]}" = 0 ] || install_packages "${missing[@]}"
}
