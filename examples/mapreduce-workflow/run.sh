#!/usr/bin/env bash
# Serves documents on this machine, counts their words with agentainer and prints the result as a table.
#
#   ./run.sh                                 the licences that every Debian has
#   ./run.sh --documents DIR                 the texts in a directory
#   ./run.sh --urls FILE                     the addresses in a file, no server
#   ./run.sh … -- OPTION…                    further options for `agentainer run`
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() { sed -n '2,/^set/ s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
documents=() urls=''
while [ $# -gt 0 ]; do
  case $1 in
    --documents) documents+=("$(realpath -e "${2:?}")"); shift 2 ;;
    --urls) urls=$(realpath -e "${2:?}"); shift 2 ;;
    --) shift; break ;;
    *) usage ;;
  esac
done

if [ -z "${AGENTAINER:-}" ]; then
  built=$here/../../build/release/src/cli/agentainer
  AGENTAINER=$(command -v agentainer || { [ -x "$built" ] && echo "$built"; }) ||
    { echo "agentainer is not built yet: run ./demo.sh or make, or set AGENTAINER to the program" >&2; exit 1; }
fi

scratch=$(mktemp -d)
server=''
clean_up() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server"; } || true
  rm -rf "$scratch"
}
trap clean_up EXIT

if [ -z "$urls" ]; then
  urls=$scratch/urls.txt
  # The server's stdin is a pipe of this script's, so it ends with the script however that ends.
  coproc DOCUMENTS { exec python3 "$here/serve_documents.py" --urls-file "$urls" "${documents[@]}"; }
  server=${DOCUMENTS_PID:-}
  # Its first line says that it serves. Bash forgets a coprocess that has ended.
  address=''
  [ -z "${DOCUMENTS[0]:-}" ] || read -r address <&"${DOCUMENTS[0]}" || true
  [ -n "$address" ] || { echo "the document server did not start" >&2; exit 1; }
  echo "Serving documents at $address"
fi

"$AGENTAINER" run "$here/workflow.yaml" --input "urls_file=$urls" --output word_count "$@" >"$scratch/result.json"
echo
python3 "$here/report.py" "$scratch/result.json"
