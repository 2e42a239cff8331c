# Sourced by the scripts of this folder: packages, configuring, building.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
jobs=$(nproc)

# What building, testing and the demo need on Debian 12.
base_packages=(g++ cmake ninja-build git python3 nlohmann-json3-dev libcli11-dev libgtest-dev)

say() { printf '%s\n' "$*" >&2; }

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install_packages NAME...: installs the Debian packages that are missing. Asks for nothing, and needs
# no network, when all are there. HALFBYTE_INSTALL=0: the caller answers for what is needed.
install_packages() {
  [ "${HALFBYTE_INSTALL:-1}" = 1 ] || return 0
  if ! command -v apt-get >/dev/null; then
    say "no apt-get here: going on with what is installed (needed: $*)"
    return 0
  fi
  local missing=() name as_root=()
  for name in "$@"; do is_installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  say "installing: ${missing[*]}"
  quietly "$root/build/apt.log" "${as_root[@]}" apt-get update ||
    say "apt-get update failed: trying the lists that are here"
  quietly "$root/build/apt.log" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"
}

# quietly LOG COMMAND...: runs it with its output in LOG, which is shown when it fails.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    say "failed: $* (all of its output: $log)"
    return 1
  fi
}

# gpu_visible: whether a GPU can be used from here.
gpu_visible() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q '^GPU'; }

# configure FOLDER CMAKE-ARGUMENT...
configure() {
  local folder=$1
  shift
  quietly "$folder/configure.log" cmake -S "$root" -B "$folder" -G Ninja "$@"
}

# build FOLDER [TARGET...]: everything, or the targets. Shows ninja's one line of progress on a terminal.
build() {
  local folder=$1
  shift
  if [ -t 2 ]; then
    cmake --build "$folder" -j "$jobs" ${1:+--target "$@"} >&2
  else
    quietly "$folder/build.log" cmake --build "$folder" -j "$jobs" ${1:+--target "$@"}
  fi
}

# cached FOLDER NAME: the value of a variable in CMake's cache.
cached() { sed -n "s/^$2:[A-Z]*=//p" "$1/CMakeCache.txt"; }
