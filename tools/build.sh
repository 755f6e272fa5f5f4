#!/usr/bin/env bash
# Configures and builds a preset of CMakePresets.json in build/<preset>.
#
#   tools/build.sh PRESET [TARGET…]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=${1:?usage: tools/build.sh PRESET [TARGET…]}
shift
mkdir -p build

# CMake is quiet unless it fails: its findings interest nobody twice.
if ! cmake --preset "$preset" >"build/configure-$preset.log" 2>&1; then
  cat "build/configure-$preset.log" >&2
  echo "If a package is missing: tools/install_packages.sh run build test" >&2
  exit 1
fi
# ccache takes a file's headers from the compiler instead of preprocessing it first: a cold build is
# a fifteenth faster.
export CCACHE_DEPEND=1
export NINJA_STATUS='[%f/%t %es] '
exec ninja -C "build/$preset" -j "${JOBS:-$(nproc)}" "${@:-all}"
