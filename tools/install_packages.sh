#!/usr/bin/env bash
# Installs the packages of tools/packages.txt that are missing, and only those.
#
#   tools/install_packages.sh GROUP…      groups: run build test
#
# Where it may not install (neither root nor sudo, AGENTAINER_NO_INSTALL set, no network) it says what is
# missing and the command that installs it, and ends with 1. What it installs is left to apt alone.
set -euo pipefail

list="$(dirname "${BASH_SOURCE[0]}")/packages.txt"
[ $# -gt 0 ] || { echo "usage: $0 GROUP…   (groups: run build test)" >&2; exit 2; }

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Whether apt's lists have a version of the package to offer.
is_offered() { [ -n "$(apt-cache show --no-all-versions "$1" 2>/dev/null)" ]; }

# Prints the package to install for a line of the list, or nothing when there is none to install.
needed() {  # $1: "name | name (program)"
  local names program name
  program=$(sed -n 's/.*(\(.*\)).*/\1/p' <<<"$1")
  names=$(sed 's/(.*//; s/|/ /g' <<<"$1")
  [ -z "$program" ] || ! command -v "$program" >/dev/null || return 0
  for name in $names; do ! is_installed "$name" || return 0; done
  for name in $names; do ! is_offered "$name" || { echo "$name"; return 0; }; done
  # Apt's lists may be empty, so the distribution has to tell.
  if grep -qs '^ID=ubuntu' /etc/os-release; then echo "${names##* }" | xargs; else echo "${names%% *}"; fi
}

missing() {  # $@: groups
  local group line
  for group in "$@"; do
    grep -qE "^$group " "$list" || { echo "$0: no group '$group' in $list" >&2; exit 2; }
    while read -r line; do needed "$line"; done < <(sed -nE "s/^$group +//p" "$list")
  done | xargs
}

if ! command -v dpkg-query >/dev/null; then
  echo "This is not Debian or Ubuntu, so packages are yours to install: see $list. Going on." >&2
  exit 0
fi

packages=$(missing "$@")
[ -n "$packages" ] || exit 0

give_up() {
  echo "Missing packages (${*}):" >&2
  printf '  %s\n' $packages >&2
  echo "Install them with:" >&2
  echo "  sudo apt-get update && sudo apt-get install --no-install-recommends $packages" >&2
  exit 1
}

as_root=()
if [ -n "${AGENTAINER_NO_INSTALL:-}" ]; then
  give_up "not installed because AGENTAINER_NO_INSTALL is set"
elif [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || give_up "installing them needs root or sudo"
  # Only a person at a terminal can type a password.
  if [ -t 0 ] && [ -z "${CI:-}" ]; then as_root=(sudo); else as_root=(sudo -n); fi
  "${as_root[@]}" true || give_up "installing them needs root, and sudo refuses"
fi

apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@"; }

echo "Installing: $packages"
apt update || true  # One broken source need not matter: the installation below decides.
packages=$(missing "$@")  # With fresh lists, the names can be told for sure.
# shellcheck disable=SC2086  # one word per package
apt install -y --no-install-recommends $packages || give_up "apt-get could not install them"
packages=$(missing "$@")
[ -z "$packages" ] || give_up "still missing after the installation"
