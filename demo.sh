#!/usr/bin/env bash
# Installs what is missing, builds agentainer and runs the main job: a MapReduce word count over real
# documents (examples/mapreduce-workflow). Further arguments go to the job's run.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

tools/install_packages.sh run build
tools/build.sh release agentainer
export AGENTAINER="$PWD/build/release/src/cli/agentainer"
exec examples/mapreduce-workflow/run.sh "$@"
