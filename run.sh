#!/usr/bin/env bash
# Installs what is missing, builds pipesim into build/, and runs it with the given arguments:
#   ./run.sh simulate examples/gpipe.json
#   ./run.sh test            runs every test instead
set -euo pipefail
cd "$(dirname "$0")"

# What Debian and Ubuntu call the compiler, the build tools and the libraries.
packages=(g++ cmake ninja-build libboost-dev nlohmann-json3-dev libfmt-dev libcli11-dev doctest-dev
  libeigen3-dev libopenblas-dev zlib1g-dev)

missing() {
  local package
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done
}

install_missing() {
  command -v dpkg-query >/dev/null || return 0 # Not Debian: CMake will name what it lacks.
  local wanted
  wanted=$(missing)
  [ -n "$wanted" ] || return 0
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "run.sh: please install:" $wanted >&2; exit 2; }
    as_root=(sudo)
  fi
  echo "run.sh: installing" $wanted >&2
  "${as_root[@]}" apt-get update -qq >&2
  # shellcheck disable=SC2086
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >&2
}

# On a terminal with ninja's progress; else quiet unless something fails.
quietly() {
  if [ -t 2 ]; then
    "$@" >&2
    return
  fi
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
}

# build TARGET
build() {
  [ -f build/build.ninja ] || echo "run.sh: building pipesim into build/, which takes a few minutes" >&2
  [ -f build/build.ninja ] || quietly cmake --preset release
  quietly cmake --build --preset release --target "$1"
}

install_missing
if [ "${1:-}" = test ]; then
  build all
  exec ctest --preset release
fi
build pipesim
exec build/pipesim "$@"
