#!/usr/bin/env bash
# Formatting, clang-tidy and the house's own checks. Keeps going, and fails when any of them does.
#
#   tools/lint.sh [format|tidy|layers|sizes|manners]…
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sources() { git ls-files --cached --others --exclude-standard -- "$@"; }

check_format() { sources '*.cc' '*.h' | xargs clang-format-14 --dry-run -Werror; }

check_tidy() { tools/tidy.py; }

# shellcheck disable=SC2317  # called by name below
check_own() { "tools/check_$1.py"; }

failed=()
for check in "${@:-format tidy layers sizes manners}"; do
  for name in $check; do
    case $name in
      format | tidy) "check_$name" ;;
      layers | sizes | manners) check_own "$name" ;;
      *) echo "no check '$name'" >&2; exit 2 ;;
    esac && echo "lint passed: $name" || { failed+=("$name"); echo "lint failed: $name"; }
  done
done
[ ${#failed[@]} = 0 ]
