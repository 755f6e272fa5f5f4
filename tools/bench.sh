#!/usr/bin/env bash
# Runs every benchmark of the release build, one after the other, with the machine it ran on.
#
#   tools/bench.sh [NAME…]      names as in src/**/NAME.cc
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../build/release/bench"

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort | uniq -c | sed 's/^ *\([0-9]*\) /\1 x /' | paste -sd,)," \
  "$(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo), $(uname -sr)"
status=0
for bench in ${@:-$(find . -maxdepth 1 -type f -perm -u+x -printf '%f\n' | sort)}; do
  printf '\n== %s\n' "$bench"
  "./$bench" || { status=1; echo "$bench failed" >&2; }
done
exit $status
